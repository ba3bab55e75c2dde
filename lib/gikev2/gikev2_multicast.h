// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key server's multicast: Rekey SA, key tree, and the GSA_REKEYs that are
 * on their way (RFC 9838 section 2.4.1.3).
 */
#ifndef GIKEV2_MULTICAST_H
#define GIKEV2_MULTICAST_H

#include "gikev2/gikev2_int.h"

/* Messages of one group that are being repeated; the oldest gives way. */
#define GIKEV2_PUSHES_MAX 4

struct gikev2_push {
	struct gikev2_octets flight; /* the message, or all its fragments */
	struct gikev2_path path;
	uint8_t left; /* copies to go */
	uint64_t due; /* the next of them */
};

struct gikev2_multicast {
	struct gikev2_kek kek;	/* Rekey SA; not alive: inband only */
	struct gikev2_lkh *lkh; /* key tree; NULL without a Rekey SA */
	struct gikev2_push push[GIKEV2_PUSHES_MAX]; /* oldest first */
	size_t push_count;
	uint64_t remind_at;	   /* the youngest keys once more; or NEVER */
	struct gikev2_timer timer; /* of copies and reminders */
	uint32_t leaf_out;   /* out of the tree, and nobody was told yet */
	uint32_t whole_only; /* members that do not do fragments */
};

int gikev2_multicast_init(struct gikev2_group *group);
/* Goes on from what was saved, as far as the config still wants that. */
int gikev2_multicast_resume(struct gikev2_group *group, uint64_t now);
/* A tree to be filled with what was saved; -STATE: none could be like that. */
int gikev2_multicast_set_tree(struct gikev2_group *group, unsigned int degree,
			      unsigned int depth);
/* Wipes and frees all, without a word. */
void gikev2_multicast_fini(struct gikev2_group *group);

/* Makes a Rekey SA and a key tree: members learn of them by registration. */
int gikev2_multicast_start(struct gikev2_group *group, uint64_t now);
/*
 * Ends the Rekey SA.  Members are told, keep their keys, and register anew.
 */
void gikev2_multicast_stop(struct gikev2_group *group, uint64_t now);

void gikev2_multicast_status(struct gikev2_group *group,
			     struct gikev2_rekey_status *status);

/* When it wants gikev2_multicast_roll(); GIKEV2_NEVER. */
uint64_t gikev2_multicast_next(struct gikev2_group *group);

/*
 * A new Rekey SA, announced over the one before; who was shut out of the tree
 * and does not know it yet cannot follow.
 */
int gikev2_multicast_roll(struct gikev2_group *group, uint64_t now);

/* The youngest generation of keys, for everybody. */
int gikev2_multicast_keys(struct gikev2_group *group, uint64_t now);
/* The same once more in a moment: for all who come until then. */
void gikev2_multicast_remind(struct gikev2_group *group, uint64_t now);

/*
 * Shuts the member at `leaf` out by a new Rekey SA.  On error it is tried
 * again when gikev2_multicast_next() says so.
 */
int gikev2_multicast_exclude(struct gikev2_group *group, uint32_t leaf,
			     uint64_t now);

/* Everybody has to go and to register anew: D(x, 0) and D(6, 0). */
int gikev2_multicast_clear(struct gikev2_group *group, uint64_t now);

/* Makes the Rekey SA follow the group's config, which was `old` before. */
int gikev2_multicast_update(struct gikev2_group *group,
			    const struct gikev2_rekey_config *old,
			    uint64_t now);

#endif /* GIKEV2_MULTICAST_H */
