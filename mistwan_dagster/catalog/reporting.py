"""Defaults of reports that a setting may override, declared once."""

from __future__ import annotations

DEFAULT_BUSINESS_HOURS = "08:00-20:00"
"""Opening hours of every store, every day, by its own clock."""

INCIDENT_MIN_CIRCUITS = 3
"""Circuits of one provider in one area that must be hit at one time to make a carrier incident."""
INCIDENT_MIN_SHARE_PCT = 30.0
"""Share of the provider's circuits in the area that they must make up."""
INCIDENT_RADIUS_KM = 50.0
"""Sites this close to one another share an area; 0: an area is a region."""
