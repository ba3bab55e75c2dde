// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rollover: what a key download does to the rows of a group.
 */
#include <string.h>

#include "gikev2/gikev2_crypto.h"
#include "gikev2/gikev2_rollover.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Neither the counter nor "never" may wrap. */
static uint64_t later(uint64_t now, uint64_t delay)
{
	return delay > GIKEV2_NEVER - now ? GIKEV2_NEVER : now + delay;
}

static bool same_id(const struct keytable_row *a, const struct keytable_row *b)
{
	return a->protocol == b->protocol && a->id == b->id;
}

static bool same_key(const struct keytable_row *a, const struct keytable_row *b)
{
	return same_id(a, b) && a->algorithm == b->algorithm &&
	       a->key_len == b->key_len &&
	       gikev2_equal(a->key, b->key, a->key_len);
}

/*
 * Does one of them take the place of the other?  The same protocol and
 * selectors do, but what one sender uses has nothing to do with the SAs of
 * other senders.  An SA that all share has to do with all.
 */
static bool same_track(const struct keytable_row *a,
		       const struct keytable_row *b)
{
	const struct keytable_ipsec *x = &a->ipsec, *y = &b->ipsec;

	if (a->protocol != b->protocol ||
	    (x->families && y->families && !(x->families & y->families)))
		return false;
	return x->sender == y->sender || !x->sender || !y->sender;
}

static bool same_protocol(const struct keytable_row *a,
			  const struct keytable_row *b)
{
	return a->protocol == b->protocol;
}

static const struct keytable_row *
find(const struct gikev2_rows *rows, const struct keytable_row *like,
     bool (*same)(const struct keytable_row *, const struct keytable_row *))
{
	for (size_t i = 0; i < rows->count; i++)
		if (same(&rows->row[i], like))
			return &rows->row[i];
	return NULL;
}

static void remove_at(struct gikev2_rows *rows, size_t at)
{
	memmove(&rows->row[at], &rows->row[at + 1],
		(rows->count - at - 1) * sizeof(rows->row[0]));
	keytable_wipe(&rows->row[--rows->count], 1);
}

/* Rows beyond the count are nothing. */
static void copy(struct gikev2_rows *to, const struct gikev2_rows *from)
{
	memcpy(to->row, from->row, from->count * sizeof(from->row[0]));
	to->count = from->count;
	to->past_end = from->past_end;
}

void gikev2_rows_wipe(struct gikev2_rows *rows)
{
	keytable_wipe(rows->row, rows->count);
	rows->count = 0;
	rows->past_end = 0;
}

/* Instant at which sending moves from what is there to the new row. */
static uint64_t switch_instant(const struct gikev2_rows *rows,
			       const struct keytable_row *row,
			       const struct gikev2_download *download,
			       uint64_t now)
{
	uint64_t covered = now;

	for (size_t i = 0; i < rows->count; i++)
		if (same_track(&rows->row[i], row))
			covered = max_u64(covered, rows->row[i].send_end);
	if (!download->has_atd)
		return now;
	/* without a predecessor to send with until then, send at once */
	return min_u64(later(now, download->atd), covered);
}

/* How long what a new row takes the place of is accepted. */
static uint64_t retirement(const struct gikev2_download *download, uint64_t at,
			   uint64_t now)
{
	return max_u64(at, download->has_dtd ? later(now, download->dtd) : at);
}

/* Ends the windows of every row that `by` takes the place of. */
static void retire(struct gikev2_rows *rows, const struct keytable_row *by,
		   uint64_t at, uint64_t end)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct keytable_row *row = &rows->row[i];

		if (!same_track(row, by))
			continue;
		row->send_start = min_u64(row->send_start, at);
		row->send_end = min_u64(row->send_end, at);
		row->accept_end = min_u64(row->accept_end, end);
	}
}

/* The youngest row of its kind in the download takes over from all else. */
static bool is_youngest(const struct gikev2_rows *keys, size_t at)
{
	for (size_t i = at + 1; i < keys->count; i++)
		if (same_track(&keys->row[i], &keys->row[at]))
			return false;
	return true;
}

static bool sends_now(const struct gikev2_rows *rows,
		      const struct keytable_row *like, uint64_t now)
{
	for (size_t i = 0; i < rows->count; i++)
		if (same_track(&rows->row[i], like) &&
		    keytable_row_can_send(&rows->row[i], now))
			return true;
	return false;
}

/*
 * When a key is sent with that is not the youngest of its kind: from now on, since
 * what is handed out as older is accepted by everybody already.  But what was
 * planned for it, when it was the youngest, stands; and as long as others may hold
 * keys that the server knows nothing of, one that comes as an older one is only
 * accepted (NEVER).
 */
static uint64_t older_instant(const struct gikev2_rows *rows,
			      const struct gikev2_rows *old,
			      const struct keytable_row *row, uint64_t now)
{
	const struct keytable_row *was = find(old, row, same_key);

	if (was)
		return max_u64(was->send_start, now);
	if (now < old->past_end && sends_now(rows, row, now))
		return GIKEV2_NEVER;
	return now;
}

/*
 * Adds keys, of the download or all of it, to the rows, oldest first.  Each but the
 * youngest of its kind sends until the switch instant.  `old`: what was there.
 */
static void merge(struct gikev2_rows *rows, const struct gikev2_rows *keys,
		  const struct gikev2_download *download,
		  const struct gikev2_rows *old, uint64_t now)
{
	for (size_t i = 0; i < keys->count; i++) {
		struct keytable_row *row = &rows->row[rows->count];
		uint64_t at, end = GIKEV2_NEVER;

		*row = keys->row[i];
		at = older_instant(rows, old, row, now);
		if (is_youngest(keys, i)) {
			at = switch_instant(rows, row, download, now);
			end = retirement(download, at, now);
		}
		row->accept_start = now;
		row->send_end = row->accept_end;
		row->send_start = min_u64(at, row->send_end);
		retire(rows, row, at, end);
		rows->count++;
	}
}

/* Who was waiting for a key that is gone before its time waits no longer. */
static void close_gaps(struct gikev2_rows *rows, uint64_t now)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct keytable_row *row = &rows->row[i];

		if (row->direction & KEYTABLE_OUT && row->send_start > now &&
		    row->send_start < row->send_end &&
		    !sends_now(rows, row, now))
			row->send_start = now;
	}
}

/*
 * Same ID with other octets cannot live beside each other: the new one wins.
 * If the old one was what is sent with, the next one does not wait.
 */
static void drop_clashes(struct gikev2_rows *rows,
			 const struct gikev2_rows *keys, uint64_t now)
{
	bool clash = false;

	for (size_t i = rows->count; i-- > 0;)
		if (find(keys, &rows->row[i], same_id)) {
			clash |= !find(keys, &rows->row[i], same_key);
			remove_at(rows, i);
		}
	if (clash)
		close_gaps(rows, now);
}

/* A key that was here before has not begun just now. */
static void keep_starts(struct gikev2_rows *rows, const struct gikev2_rows *old,
			uint64_t now)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct keytable_row *row = &rows->row[i];
		const struct keytable_row *was = find(old, row, same_key);

		if (!was)
			continue;
		row->accept_start =
			min_u64(row->accept_start, was->accept_start);
		if (row->send_start == now)
			row->send_start = min_u64(now, was->send_start);
	}
}

/*
 * What was told since the answer was made has brought delays forward: the answer
 * may be one that was repeated until it got through.  Of a key that is here it
 * says when at the latest, as any copy does.
 */
static void keep_delays(struct gikev2_rows *rows, const struct gikev2_rows *old)
{
	for (size_t i = 0; i < rows->count; i++) {
		struct keytable_row *row = &rows->row[i];
		const struct keytable_row *was = find(old, row, same_key);

		if (!was || !is_youngest(rows, i) ||
		    !is_youngest(old, was - old->row))
			continue;
		row->send_start = min_u64(row->send_start, was->send_start);
		for (struct keytable_row *older = rows->row; older < row;
		     older++) {
			const struct keytable_row *then =
				find(old, older, same_key);

			if (!same_track(older, row))
				continue;
			older->send_end =
				min_u64(older->send_end, row->send_start);
			if (then)
				older->accept_end = min_u64(older->accept_end,
							    then->accept_end);
		}
	}
}

static void drop_other_protocols(struct gikev2_rows *rows,
				 const struct gikev2_rows *keys)
{
	for (size_t i = rows->count; i-- > 0;)
		if (!find(keys, &rows->row[i], same_protocol))
			remove_at(rows, i);
}

/* Who is given no SA of its own to send with may only receive. */
static void drop_own(struct gikev2_rows *rows, const struct gikev2_rows *keys)
{
	for (size_t i = rows->count; i-- > 0;)
		if (rows->row[i].direction == KEYTABLE_OUT &&
		    !find(keys, &rows->row[i], same_track))
			remove_at(rows, i);
}

/* Does the server know any of what we have? */
static bool is_shared(const struct gikev2_rows *rows,
		      const struct gikev2_rows *keys)
{
	for (size_t i = 0; i < rows->count; i++)
		if (find(keys, &rows->row[i], same_key))
			return true;
	return false;
}

/* It lay about at the server, or on its way, while a rekey came. */
static bool is_overtaken(const struct gikev2_rows *rows,
			 const struct gikev2_rows *keys, uint64_t asked)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->row[i].accept_start >= asked &&
		    !find(keys, &rows->row[i], same_key))
			return true;
	return false;
}

bool gikev2_rollover_news(const struct gikev2_rows *rows,
			  const struct gikev2_download *download)
{
	for (size_t i = 0; i < download->keys.count; i++)
		if (!find(rows, &download->keys.row[i], same_key))
			return true;
	return false;
}

/* Is there a key behind those of the list, that came while that was under way? */
static bool has_newer(const struct gikev2_rows *rows,
		      const struct gikev2_rows *keys)
{
	for (size_t i = 0; i < rows->count; i++)
		for (size_t j = i + 1; j < rows->count; j++)
			if (same_track(&rows->row[i], &rows->row[j]) &&
			    find(keys, &rows->row[i], same_key) &&
			    !find(keys, &rows->row[j], same_key))
				return true;
	return false;
}

/*
 * A server that knows no past answers by its first key alone as long as members may
 * hold others, and tells what followed.  Who has that already has asked again.
 */
static bool is_first_again(const struct gikev2_rows *rows,
			   const struct gikev2_download *download, uint64_t now)
{
	return now < rows->past_end && !gikev2_rollover_news(rows, download) &&
	       has_newer(rows, &download->keys);
}

void gikev2_rollover_register(struct gikev2_rows *rows,
			      const struct gikev2_download *download,
			      uint64_t asked, uint64_t now)
{
	bool shared = is_shared(rows, &download->keys);
	bool same_server = shared ||
			   (download->rekeyed && download->rekeyed >= asked);
	struct gikev2_rows old;

	copy(&old, rows);
	if ((same_server && is_overtaken(rows, &download->keys, asked)) ||
	    is_first_again(rows, download, now)) {
		gikev2_rows_wipe(&old);
		return;
	}
	if (!shared && download->has_dtd)
		rows->past_end = later(now, download->dtd);
	if ((shared && now >= rows->past_end) || !download->has_dtd ||
	    rows->count + download->keys.count > KEYTABLE_ROWS_MAX)
		gikev2_rows_wipe(rows);
	drop_other_protocols(rows, &download->keys);
	drop_own(rows, &download->keys);
	drop_clashes(rows, &download->keys, now);
	merge(rows, &download->keys, download, &old, now);
	keep_delays(rows, &old);
	keep_starts(rows, &old, now);
	gikev2_rollover_expire(rows, now);
	gikev2_rows_wipe(&old);
}

/* Ends the windows of what is older than `row` no later than at these. */
static void retire_sooner(struct gikev2_rows *rows,
			  const struct keytable_row *row, uint64_t at,
			  uint64_t end)
{
	for (struct keytable_row *old = rows->row; old < row; old++) {
		if (!same_track(old, row))
			continue;
		old->send_start = min_u64(old->send_start, at);
		old->send_end = min_u64(old->send_end, at);
		old->accept_end = min_u64(old->accept_end, max_u64(at, end));
	}
}

/*
 * A copy of what is known.  Its delays were counted at the server's clock,
 * which began before ours: at the most they end earlier than what we have, when
 * the server brought them forward.  Later is not for a copy to say.
 */
static void hasten(struct gikev2_rows *rows,
		   const struct gikev2_download *download, size_t which,
		   uint64_t now)
{
	struct keytable_row *row = (struct keytable_row *)find(
		rows, &download->keys.row[which], same_key);
	uint64_t at = download->has_atd ? later(now, download->atd) : now;
	uint64_t end = download->has_dtd ? later(now, download->dtd) : at;

	if (!is_youngest(&download->keys, which))
		return;
	row->send_start = min_u64(row->send_start, at);
	retire_sooner(rows, row, row->send_start, end);
}

/* Keys of one kind beside each other: all that there are, in order. */
static bool is_complete(const struct gikev2_rows *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		if (!is_youngest(keys, i))
			return true;
	return false;
}

/* What others may send with before that newer key: accepted, no more. */
static void add_older(struct gikev2_rows *rows,
		      const struct gikev2_download *download, uint64_t now)
{
	uint64_t end = download->has_dtd ? later(now, download->dtd) : now;

	for (size_t i = download->keys.count; i-- > 0;) {
		const struct keytable_row *key = &download->keys.row[i];
		struct keytable_row *row = rows->row;

		if (find(rows, key, same_id) ||
		    rows->count == KEYTABLE_ROWS_MAX)
			continue;
		memmove(row + 1, row, rows->count++ * sizeof(*row));
		*row = *key;
		row->accept_start = row->send_start = row->send_end = now;
		row->accept_end = min_u64(row->accept_end, end);
	}
}

/*
 * A rekey that lists all keys, as the answer to a registration does; the last of
 * them may be here already, and those before it not.
 */
static int take_list(struct gikev2_rows *rows,
		     const struct gikev2_download *download, uint64_t now)
{
	struct gikev2_rows old;
	int ret = -GIKEV2_ERR_LIMIT;

	copy(&old, rows);
	if (has_newer(rows, &download->keys)) {
		add_older(rows, download, now);
		ret = 0;
	} else {
		drop_clashes(rows, &download->keys, now);
		if (rows->count + download->keys.count <= KEYTABLE_ROWS_MAX) {
			merge(rows, &download->keys, download, &old, now);
			keep_delays(rows, &old);
			keep_starts(rows, &old, now);
			ret = 0;
		} else {
			copy(rows, &old);
		}
	}
	gikev2_rollover_expire(rows, now);
	gikev2_rows_wipe(&old);
	return ret;
}

int gikev2_rollover_rekey(struct gikev2_rows *rows,
			  const struct gikev2_download *download, uint64_t now)
{
	struct gikev2_rows fresh;
	int ret = -GIKEV2_ERR_LIMIT;

	if (is_complete(&download->keys))
		return take_list(rows, download, now);
	copy(&fresh, &download->keys);
	for (size_t i = fresh.count; i-- > 0;)
		if (find(rows, &fresh.row[i], same_key)) {
			hasten(rows, download, i, now);
			remove_at(&fresh, i);
		}
	if (rows->count + fresh.count <= KEYTABLE_ROWS_MAX) {
		drop_clashes(rows, &fresh, now);
		merge(rows, &fresh, download, rows, now);
		gikev2_rollover_expire(rows, now);
		ret = 0;
	}
	gikev2_rows_wipe(&fresh);
	return ret;
}

bool gikev2_rollover_expire(struct gikev2_rows *rows, uint64_t now)
{
	size_t before = rows->count;

	for (size_t i = rows->count; i-- > 0;)
		if (rows->row[i].accept_end <= now)
			remove_at(rows, i);
	if (rows->count == before)
		return false;
	close_gaps(rows, now);
	return true;
}

void gikev2_rollover_end_endless(struct gikev2_rows *rows, uint64_t now)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->row[i].accept_end == KEYTABLE_NEVER)
			rows->row[i].accept_end = now;
}

uint64_t gikev2_rollover_next(const struct gikev2_rows *rows)
{
	uint64_t next = GIKEV2_NEVER;

	for (size_t i = 0; i < rows->count; i++)
		next = min_u64(next, rows->row[i].accept_end);
	return next;
}

uint64_t gikev2_rollover_last(const struct gikev2_rows *rows)
{
	uint64_t last = 0;

	for (size_t i = 0; i < rows->count; i++)
		last = max_u64(last, rows->row[i].accept_end);
	return last;
}
