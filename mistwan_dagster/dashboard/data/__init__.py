"""What each page asks of the published warehouse: plain functions that give frames, without Dash."""
