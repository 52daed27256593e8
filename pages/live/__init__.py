"""The live view: curves that are pushed to the browser while a run trains."""
