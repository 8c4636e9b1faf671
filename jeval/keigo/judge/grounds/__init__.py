"""The grounds on which a rendering is refused, one module each: ``reasons(comparison)`` lists them, empty when there is none.

Each module says what it refuses and why, and gives an answer that it refuses and one that it lets pass.
"""
