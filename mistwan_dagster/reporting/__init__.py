"""Reports for people: the day for operations, the month for executives, as HTML and PDF; SLA workbooks beside them.

A report is a `document.Report` of words, made from published figures of one version by `daily` and `monthly`, and then
written by `html` and `pdf`, which know nothing of the figures. The same figures give the same bytes.
"""
