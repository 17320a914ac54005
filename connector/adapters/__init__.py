"""Readers: each turns one kind of real source into pivot rows and never sees a key."""
