"""One file a public list: from its file to a `Snapshot`. Offline, and the same bytes every time."""
