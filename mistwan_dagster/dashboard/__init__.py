"""The NOC dashboard: Dash pages over the published warehouse.

Belongs here: asking published tables and views, and showing the answers. Does not belong here: KPI arithmetic
(`kpi`), collection, anything that writes. Every page is a pure function of its URL and the published version, so
that links, the back button and a reload show the same thing.
"""
