"""What a study of two frameworks has shown: a page with its picture."""
