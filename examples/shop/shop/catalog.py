"""Products. Both caches here are bounded: they fill up once and stay as they are."""

from collections import deque
from functools import lru_cache

PRODUCTS = 400

# The last pages shown, for the front page.
recently_viewed = deque(maxlen=500)


class Product:
    __slots__ = ("sku", "title", "base_price", "tags")

    def __init__(self, sku, title, base_price, tags):
        self.sku = sku
        self.title = title
        self.base_price = base_price
        self.tags = tags


@lru_cache(maxsize=256)
def find_product(sku):
    """The product, or None where there is no such article."""
    if not 0 <= sku < PRODUCTS:
        return None
    return Product(sku, "Article %d" % sku, 5 + sku * 3 % 200, ["new"] if sku % 5 == 0 else [])


def view(sku):
    """Notes that a product page was shown and returns the product."""
    product = find_product(sku)
    if product is not None:
        recently_viewed.append((sku, product.title))
    return product
