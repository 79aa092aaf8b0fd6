"""The read API: published tables and views over HTTP, read-only, as JSON and CSV.

Reads the warehouse port only, like the dashboard. Nothing here writes a warehouse or asks the Mist cloud.
"""
