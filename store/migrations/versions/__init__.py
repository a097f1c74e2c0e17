"""The steps, oldest first. A step that was released is never edited: what is wrong with it, the next one puts right."""
