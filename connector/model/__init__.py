"""What the programme talks about: tables, identifiers, periods and results."""
