// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A group's rows at a member, and what a key download does to them: the
 * rollover of the wire profile (RFC 9838 section 4.4.3.1, RFC 5374 4.2.1).
 * No state but the rows, no side effect.
 */
#ifndef GIKEV2_ROLLOVER_H
#define GIKEV2_ROLLOVER_H

#include "gikev2/gikev2.h"
#include "gikev2/gikev2_kek.h"
#include "gikev2/gikev2_key_path.h"

struct gikev2_rows {
	struct keytable_row row[KEYTABLE_ROWS_MAX]; /* oldest first */
	size_t count;
	/* until then keys may be in use that the server knows nothing of */
	uint64_t past_end;
};

/* The Sender-IDs of one member (RFC 9838 section 2.5). */
struct gikev2_sender_ids {
	uint8_t bits, count;
	uint16_t id[KEYTABLE_SENDER_IDS_MAX];
};

/* What a GSA and KD payload say, before it meets what is there already. */
struct gikev2_download {
	struct gikev2_rows keys; /* by age; accept_end alone is set: lifetime */
	bool has_atd, has_dtd;
	uint64_t atd, dtd;		     /* microseconds */
	struct gikev2_kek kek;		     /* when alive: a new Rekey SA */
	struct gikev2_key_path path;	     /* and the way to it */
	struct gikev2_sender_ids sender_ids; /* by a registration; or none */
	bool sender_id_missing; /* SAs were left out that need one */
	/* by a registration: when a rekey came over the same SA; or 0 */
	uint64_t rekeyed;
};

/*
 * Applies a download that came by registration: it is all that is alive.
 * What the member held is dropped, unless the server shares no key with it
 * and announces delays: then that server has lost its past, and what is held
 * is the predecessor, until DTD, also when we register again meanwhile.
 *
 * `asked` is when we asked for it.  An answer that does not list a key which
 * came by a rekey of the same server since then is the older one: it changes
 * nothing.
 */
void gikev2_rollover_register(struct gikev2_rows *rows,
			      const struct gikev2_download *download,
			      uint64_t asked, uint64_t now);

/* Has the download a key that is not among the rows? */
bool gikev2_rollover_news(const struct gikev2_rows *rows,
			  const struct gikev2_download *download);

/*
 * Applies a rekey: the keys are added as the youngest.  For those that are here
 * already the delays may come to an end sooner than it was said at first, and
 * never later.  -LIMIT: too many rows; no key was added.
 */
int gikev2_rollover_rekey(struct gikev2_rows *rows,
			  const struct gikev2_download *download, uint64_t now);

/*
 * Wipes rows that are over; true when there was one.  When that leaves none to
 * send with, the next one is sent with at once.
 */
bool gikev2_rollover_expire(struct gikev2_rows *rows, uint64_t now);

/* Keys without a lifetime of their own are over. */
void gikev2_rollover_end_endless(struct gikev2_rows *rows, uint64_t now);

/* When gikev2_rollover_expire() will next find one; GIKEV2_NEVER. */
uint64_t gikev2_rollover_next(const struct gikev2_rows *rows);

/* End of the last accept window; 0 when there is no row. */
uint64_t gikev2_rollover_last(const struct gikev2_rows *rows);

void gikev2_rows_wipe(struct gikev2_rows *rows);

#endif /* GIKEV2_ROLLOVER_H */
