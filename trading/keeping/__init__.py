"""The books of each user, kept: a projection of the Exchange ledger and of prices asked for.

What is kept is what booking the facts anew would give, never more: a read uses it only if its two
cuts let through every fact that went in (`BookHead`), and what changed since is booked on top of
it, from the day of the change on. So a read with the store and one without it answer the same.

* `changes`: which facts changed since the books were made. Fills and transfers are noted by
  triggers, prices by a projection, both in the transaction that stores them.
* `facts`: fills and transfers of a span as entries.
* `shelves`: kept rows as books of the core, as they were at the end of a day.
* `planning`: from which day on a read, or the next keeping, has to book.
* `standing`: where accounts stand, for a report.
* `writing`: versions and journals as rows.
* `service`: keep, rebuild, forget; each under the lock of the user's head.
"""
