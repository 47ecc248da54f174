"""The lake: a folder of Parquet tables, and the ways into it."""
