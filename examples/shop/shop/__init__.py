"""A small web shop that leaks in three ways and caches in one healthy way: the service leakscope's example looks at."""
