"""Labeled files as examples, without Django: tables of texts, spans, rows and pairs, folders of pictures, COCO, VOC."""
