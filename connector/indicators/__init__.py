"""Facts and indicators: each rule as one expression beside its French formula."""
