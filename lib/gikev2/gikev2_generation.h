// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server's keys: generations of them, all protocols of a group rolling
 * together (the slides' SA List).
 */
#ifndef GIKEV2_GENERATION_H
#define GIKEV2_GENERATION_H

#include "gikev2/gikev2_plan.h"

/* How far a roll that waits for its members has come; gikev2_wait.c. */
enum gikev2_stage {
	GIKEV2_STAGE_SETTLED,	/* nobody is waited for */
	GIKEV2_STAGE_ANNOUNCED, /* until all have the key */
	GIKEV2_STAGE_SWITCHING, /* until all know when to send with it */
	GIKEV2_STAGE_MAX
};

struct gikev2_generation {
	uint64_t number;
	uint64_t change; /* that made it; later ones may have added to it */
	uint64_t told;	 /* the change that set its delays last */
	uint64_t created;
	uint8_t stage;	   /* enum gikev2_stage */
	uint64_t wait_end; /* of the stage, whoever is missing then */
	uint64_t atd_end;  /* members send with it from here */
	uint64_t dtd_end;  /* its predecessor is forgotten here */
	bool at_once;	   /* ... by us; members forget it when they hear */
	/* accept_end is the end of the key's life, whatever replaces it */
	struct keytable_row row[GIKEV2_GENERATION_ROWS];
	uint64_t since[GIKEV2_GENERATION_ROWS]; /* the change that brought it */
	bool replaced[GIKEV2_GENERATION_ROWS];	/* its sender has another one */
	size_t count;
};

struct gikev2_generations {
	struct gikev2_generation gen[GIKEV2_GENERATIONS_MAX]; /* oldest first */
	size_t count;
	uint64_t changes; /* number of the last one */
	/* delays of the first one of a server that knows no past: until then there
	 * may be members that send with, or accept, what it knows nothing of */
	uint64_t unsure_atd, unsure_dtd;
	uint64_t replaced_end; /* what a sender had is forgotten here */
	/* the ID handed out last, by place in the protocol table */
	uint32_t last_id[KEYTABLE_PROTOCOLS];
};

/* NULL: there is none yet. */
struct gikev2_generation *
gikev2_youngest(struct gikev2_generations *generations);

/*
 * The generation that a member is given which comes before `unsure_atd`: the first,
 * or a later one that is not sent with any later than the first would be.
 */
size_t gikev2_generations_base(const struct gikev2_generations *generations);

/*
 * Draws fresh keys and IDs.  atd and dtd: microseconds from now.  -BUSY when
 * too many generations are alive, -NO_RANDOM; nothing was changed then.
 */
int gikev2_generation_add(struct gikev2 *engine,
			  struct gikev2_generations *generations,
			  const struct gikev2_plan *plan, uint64_t atd,
			  uint64_t dtd, uint64_t now);

/* The same in the place of all that there were. */
int gikev2_generations_restart(struct gikev2 *engine,
			       struct gikev2_generations *generations,
			       const struct gikev2_plan *plan, uint64_t now);

/*
 * Adds an SA to the youngest generation, in the place of those that its sender
 * had.  `sample` is without ID, key and times; lifetime: that of a generation,
 * seconds; dtd: microseconds from now.  -LIMIT: too many senders; -NO_RANDOM.
 */
int gikev2_generation_add_sender(struct gikev2 *engine,
				 struct gikev2_generations *generations,
				 const struct keytable_row *sample,
				 uint32_t lifetime, uint64_t dtd, uint64_t now);

/* The SAs of a sender who may only receive from now on are given to nobody any more.
 * False: he had none. */
bool gikev2_generations_end_sender(struct gikev2_generations *generations,
				   uint64_t sender);

/* Is the row one of the youngest, or is there another in its place? */
bool gikev2_generation_current(const struct gikev2_generations *generations,
			       const struct gikev2_generation *gen, size_t at);

/* Is somebody still sending with it who will be there after this roll? */
bool gikev2_generation_alive(const struct gikev2_generations *generations,
			     const struct gikev2_generation *gen, size_t at);

/* The generation that was the youngest at that change; 0: before all. */
uint64_t gikev2_generation_at(const struct gikev2_generations *generations,
			      uint64_t change);

/*
 * Drops a generation that nobody will ever send with, since `atd_end` comes
 * before its own; false: there is none.
 */
bool gikev2_generations_make_room(struct gikev2_generations *generations,
				  uint64_t atd_end);

/* With the youngest, members forget all others at once: it has no delays, and nobody
 * is given any of these.  They are kept to say that they are over. */
void gikev2_generations_end_older(struct gikev2_generations *generations);

/* When members forget what is older than that. */
uint64_t gikev2_generation_dtd_end(const struct gikev2_generation *gen);

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
