// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key server's tree of key encryption keys (LKH, RFC 2627; RFC 9838
 * appendix A): a member is shut out by about degree x depth wrapped keys.
 *
 * The depth is fixed when the tree is made, so that a member's path never
 * grows; keys are drawn where members are.
 */
#ifndef GIKEV2_LKH_H
#define GIKEV2_LKH_H

#include "gikev2/gikev2_payload.h"

#define GIKEV2_LKH_DEGREE_MIN 2
#define GIKEV2_LKH_DEGREE_MAX 4
#define GIKEV2_LKH_NO_LEAF UINT32_MAX
/* More would be nonsense, configured or read back. */
#define GIKEV2_LKH_LEAVES_MAX (UINT32_C(1) << 24)

struct gikev2;
struct gikev2_wrapper;
struct gikev2_lkh;

/* Room for at least `members`, as far as that is possible.  NULL: bad degree, or out of memory. */
struct gikev2_lkh *gikev2_lkh_new(unsigned int degree, uint32_t members);
void gikev2_lkh_free(struct gikev2_lkh *lkh);

/* Members that it has room for, and that it has. */
uint32_t gikev2_lkh_room(const struct gikev2_lkh *lkh);
uint32_t gikev2_lkh_members(const struct gikev2_lkh *lkh);
unsigned int gikev2_lkh_degree(const struct gikev2_lkh *lkh);
unsigned int gikev2_lkh_depth(const struct gikev2_lkh *lkh);
/* A key of the tree. */
struct gikev2_lkh_key {
	uint32_t id; /* 0: none was drawn yet */
	uint8_t key[GIKEV2_KWK_MAX];
};

/* Degree, and levels below the root: to make it again. */
void gikev2_lkh_shape(const struct gikev2_lkh *lkh, uint8_t *degree,
		      uint8_t *depth);
/*
 * Calls `visit` for each key between the root and `leaf`, both at level 1 and
 * below, that is new since the last time, until it returns less than 0.
 */
int gikev2_lkh_changed(struct gikev2_lkh *lkh, uint32_t leaf,
		       int (*visit)(void *arg, uint8_t level, uint32_t index,
				    struct gikev2_lkh_key *key),
		       void *arg);
/* Puts a key back; false: there is no such place. */
bool gikev2_lkh_load(struct gikev2_lkh *lkh, unsigned int level, uint32_t index,
		     const struct gikev2_lkh_key *key);
/* Puts a member back; false: no such leaf, or somebody is there. */
bool gikev2_lkh_occupy(struct gikev2_lkh *lkh, uint32_t leaf);

/* A leaf for a new member, with a fresh key.  -REGISTRATION_FAILED: full. */
int gikev2_lkh_join(struct gikev2 *engine, struct gikev2_lkh *lkh,
		    uint32_t *leaf);

/* The keys of `leaf` were not handed out: it is free again. */
void gikev2_lkh_undo(struct gikev2_lkh *lkh, uint32_t leaf);

/*
 * Shuts out the member at `leaf`: every key that it knows is replaced.  What
 * the others need is what gikev2_lkh_add_change() says next.
 */
int gikev2_lkh_exclude(struct gikev2 *engine, struct gikev2_lkh *lkh,
		       uint32_t leaf);

/*
 * For the member at `leaf`: WRAP_KEY attributes of its whole path, the leaf's
 * under the default KWK.
 */
int gikev2_lkh_add_path(struct gikev2 *engine,
			const struct gikev2_wrapper *wrapper,
			const struct gikev2_lkh *lkh, uint32_t leaf,
			struct gikev2_bag *bag);
/* After the exclusion of `leaf`: the new keys, for everyone who is to have
 * them. */
int gikev2_lkh_add_change(struct gikev2 *engine,
			  const struct gikev2_wrapper *wrapper,
			  const struct gikev2_lkh *lkh, uint32_t leaf,
			  struct gikev2_bag *bag);
/*
 * SA_KEY attributes with `plain`, under each key right below the root; with a
 * `leaf`, only under the one above that.
 */
int gikev2_lkh_add_sa_keys(struct gikev2 *engine,
			   const struct gikev2_wrapper *wrapper,
			   const struct gikev2_lkh *lkh, uint32_t leaf,
			   struct gikev2_chunk plain, struct gikev2_bag *bag);

#endif /* GIKEV2_LKH_H */
