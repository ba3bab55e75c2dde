// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server's keys: generations of them, all protocols of a group rolling
 * together (the slides' SA List).
 */
#ifndef GIKEV2_GENERATION_H
#define GIKEV2_GENERATION_H

#include "gikev2/gikev2_int.h"

struct gikev2_generation {
	uint64_t number;
	uint64_t created;
	uint64_t atd_end; /* members send with it from here */
	uint64_t dtd_end; /* its predecessor is forgotten here */
	/* accept_end is the end of the key's life, whatever replaces it */
	struct keytable_row row[GIKEV2_PROTOCOLS_MAX];
	size_t count;
};

struct gikev2_generations {
	struct gikev2_generation gen[GIKEV2_GENERATIONS_MAX]; /* oldest first */
	size_t count;
	/* the ID handed out last, by place in the protocol table */
	uint32_t last_id[GIKEV2_PROTOCOLS_MAX];
};

/* NULL: there is none yet. */
struct gikev2_generation *
gikev2_youngest(struct gikev2_generations *generations);

/*
 * Draws fresh keys and IDs.  atd and dtd: microseconds from now.  -BUSY when
 * too many generations are alive, -NO_RANDOM; nothing was changed then.
 */
int gikev2_generation_add(struct gikev2 *engine,
			  struct gikev2_generations *generations,
			  const struct gikev2_group_config *config,
			  uint64_t atd, uint64_t dtd, uint64_t now);

/* Wipes the youngest: it was not announced. */
void gikev2_generation_drop(struct gikev2_generations *generations);

/*
 * All rows, oldest first, as members use them: those that are replaced end
 * where the replacement takes over.  `rows` has room for KEYTABLE_ROWS_MAX;
 * their number is returned.
 */
size_t gikev2_generations_rows(const struct gikev2_generations *generations,
			       struct keytable_row *rows);

/* Wipes those that every member has forgotten by now. */
void gikev2_generations_expire(struct gikev2_generations *generations,
			       uint64_t now);

/* When gikev2_generations_expire() finds something next; GIKEV2_NEVER. */
uint64_t gikev2_generations_next(const struct gikev2_generations *generations);

void gikev2_generations_wipe(struct gikev2_generations *generations);

#endif /* GIKEV2_GENERATION_H */
