"""The HTTP side: JSON over keep-alive connections, one daemon thread for each."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from shop import catalog
from shop.events import bus
from shop.pricing import PriceCalculator
from shop.users import get_user


def product_page(sku, user_id):
    """What GET /products/SKU?user=ID answers, or None."""
    user = get_user(user_id)
    product = catalog.view(sku)
    if product is None:
        return None
    page = {
        "title": product.title,
        "price": PriceCalculator(user).price_of(product),
        "currency": user.currency,
        "tags": product.tags,
        "stale": False,
    }

    def on_price_change(changed_sku):
        if changed_sku == sku:
            page["stale"] = True

    bus.subscribe("price changed", on_price_change)
    return page


def user_page(user_id):
    """What GET /users/ID answers."""
    user = get_user(user_id)
    return {"id": user.user_id, "name": user.profile["name"], "orders": len(user.profile["recent_orders"])}


def route(target):
    """The body for a request target, or None where there is nothing."""
    url = urlsplit(target)
    parts = url.path.strip("/").split("/")
    try:
        if parts == ["health"]:
            return {"ok": True}
        if parts[0] == "users" and len(parts) == 2:
            return user_page(int(parts[1]))
        if parts[0] == "products" and len(parts) == 2:
            return product_page(int(parts[1]), int(parse_qs(url.query)["user"][0]))
    except (KeyError, ValueError):
        pass
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in one packet, so that neither side waits for the other's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self):
        answer = route(self.path)
        body = json.dumps({"error": "not found"} if answer is None else answer).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(host, port):
    """Serves for ever; the first line of output says where."""
    server = ThreadingHTTPServer((host, port), Handler)
    print("shop listens on http://%s:%d" % server.server_address[:2], flush=True)
    server.serve_forever()
