"""Lifecycles as pictures: a layout, and the SVG upon it."""
