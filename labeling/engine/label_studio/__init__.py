"""What Label Studio's protocol calls things: its XML of a project's questions, and its results as answers of ours.

Source of names and units: the documentation of Label Studio's tags and of its JSON format of predictions
(labelstud.io/tags, labelstud.io/guide/predictions).
"""
