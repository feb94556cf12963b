"""A camera that sorts trash: landfill, compost, recycling; its items are emoji, drawn on a belt."""
