"""A reader of the « Carnet » format for dui-connector."""
