// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A group at its key server, for the files that make it.
 */
#ifndef GIKEV2_GROUP_H
#define GIKEV2_GROUP_H

#include "gikev2/gikev2_generation.h"
#include "gikev2/gikev2_multicast.h"

#define GIKEV2_TURNS 512

/* Who registered lately, by a hash of his name; the last one has the place. */
struct gikev2_turns {
	struct {
		uint64_t name;
		uint64_t due; /* how far it is ahead of its time */
	} at[GIKEV2_TURNS];
};

/* A walk over all members, a slice of them at a time. */
struct gikev2_walk {
	bool begun; /* what it has passed is as it was */
	struct gikev2_gm
		*at; /* the next one; NULL, if begun: it has passed all */
};

struct gikev2_group {
	struct gikev2 *engine;
	struct gikev2_group *prev, *next;
	void *cookie;
	struct gikev2_group_config config;
	struct gikev2_generations generations;
	struct gikev2_gms gms;
	struct gikev2_turns turns;
	struct gikev2_timer timer; /* the next roll, or a generation's end */
	struct gikev2_rows shown;  /* for status */
	struct gikev2_multicast multicast;
	uint32_t next_sender_id; /* none of them is handed out twice */
	bool roll_wanted;	 /* a roll that failed is still to come */
	bool roll_urgent;	 /* and it waits for nobody */
	bool tell_wanted;	 /* keys that a newcomer brought about */
	bool clear_wanted;	 /* out of Sender-IDs */
	uint8_t state;		 /* enum ks_state */
	bool unsaved;		 /* changed since it was saved */
	bool aways;		 /* there may be members that are away */
	/* gikev2_wait.c */
	struct gikev2_gm *telling;    /* the next one to be told; or NULL */
	struct gikev2_walk missing;   /* to whoever has not acknowledged */
	struct gikev2_walk giving_up; /* late ones of the roll ... */
	uint64_t giving_up_change;    /* ... that made this change */
	uint64_t slice_at;	      /* not before that */
	uint64_t check_at;	      /* whether all have acknowledged; or 0 */
	uint64_t quiet_since;	      /* they all have; or 0 */
	/* when a restored group is to have the config's keys; 0: it has */
	uint64_t settle_at;
	/* to a better choice than that in use it does not roll before that */
	uint64_t up_from;
};

/* gikev2_group_config.c: is it one that can be served; and is there no other group of
 * that name? */
bool gikev2_group_config_valid(const struct gikev2_group_config *config);
bool gikev2_group_may_add(struct gikev2 *engine,
			  const struct gikev2_group_config *config);
/* An empty group in the engine's list; NULL: out of memory. */
struct gikev2_group *
gikev2_group_create(struct gikev2 *engine, void *cookie,
		    const struct gikev2_group_config *config);
/* Begins with nothing: first Rekey SA, where one is wanted, and first keys. */
int gikev2_group_start(struct gikev2_group *group, uint64_t now);
/* First keys. */
int gikev2_group_begin_keys(struct gikev2_group *group, uint64_t now);
/* Urgent: somebody is out who has the keys.  Nobody is waited for, it finds room, and
 * older keys end at once. */
int gikev2_group_roll(struct gikev2_group *group, bool urgent, uint64_t now);
/* Is there a member that may hold keys which a server without a past knows nothing
 * of, and are others to come?  It sends with them until then. */
bool gikev2_group_unsure(const struct gikev2_group *group, uint64_t now);
/*
 * When a key is sent with that members are told now, those that may be waited for
 * included; in a group that is unsure, not before it no longer is.
 */
uint64_t gikev2_group_atd_end(struct gikev2_group *group, uint64_t wait,
			      uint64_t now);
void gikev2_group_arm(struct gikev2_group *group);
/* The longest wait that the keys' lifetime leaves room for, microseconds. */
uint64_t gikev2_group_wait_room(const struct gikev2_group_config *config);

/* Does the youngest generation say what the configuration says?
 * gikev2_restore.c */
bool gikev2_group_up_to_date(struct gikev2_group *group);

#endif /* GIKEV2_GROUP_H */
