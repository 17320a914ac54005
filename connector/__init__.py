"""dui-connector: usage indicators of the French « ESMS numérique » programme."""

__version__ = "0.1.0"
