"""What models of pictures are made of: reading and scaling, the backbone, boxes and masks, and their figures."""
