"""The lake: facts as they are, as Parquet, without any clear identifier."""
