"""Users and their profiles, cached so that a request does not wait for the database."""

import time

# LEAK 1: one entry for every user who was ever seen; nothing removes any.
user_cache = {}


class User:
    """A customer with the profile that pages are personalised from."""

    def __init__(self, user_id, profile):
        self.user_id = user_id
        self.profile = profile
        self.loaded_at = time.time()

    @property
    def currency(self):
        return self.profile["preferences"]["currency"]


def get_user(user_id):
    """The user, from the cache where it is there."""
    user = user_cache.get(user_id)
    if user is None:
        user = load_user(user_id)
        user_cache[user_id] = user
    return user


def load_user(user_id):
    """Stands for a query: what a row of a users table and its joins look like once read."""
    name = "Customer %d" % user_id
    return User(
        user_id,
        {
            "name": name,
            "email": "customer%d@example.org" % user_id,
            "address": {
                "street": "%d Long Street" % (user_id % 900 + 1),
                "city": "Springfield",
                "postcode": "%05d" % (user_id * 7919 % 100000),
            },
            "preferences": {
                "currency": ("EUR", "USD", "GBP")[user_id % 3],
                "language": "en",
                "newsletter": user_id % 2 == 0,
            },
            "recent_orders": [
                {"number": user_id * 10 + n, "total": (user_id * 31 + n * 17) % 20000 / 100, "items": [n, n + 1]}
                for n in range(3)
            ],
        },
    )
