"""Other tools' formats: read into records of items and answers in our form, and written from them.

Each format is a file here and a row in `labeling.engine.formats.table`. What a format cannot hold, or a file holds and
we cannot, is a row of the loss report and never lost unseen.
"""
