"""Prices: depend on the product and on who is asking."""

from functools import lru_cache

RATES = {"EUR": 1.0, "USD": 1.1, "GBP": 0.85}


class PriceCalculator:
    """Prices as one customer sees them; made anew for every request."""

    def __init__(self, user):
        self.currency = user.currency
        self.discount = 0.1 if user.profile["preferences"]["newsletter"] else 0.0
        self.steps = []

    # LEAK 2: the cache belongs to the class and its keys hold `self`, so no calculator is ever freed.
    @lru_cache(maxsize=None)
    def price_of(self, product):
        net = product.base_price * RATES[self.currency]
        self.steps.append(("rate", net))
        net *= 1 - self.discount
        self.steps.append(("discount", net))
        return round(net, 2)
