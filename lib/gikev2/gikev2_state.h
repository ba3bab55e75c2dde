// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server's state beyond the life of its process: what is saved when, and
 * what becomes of it.
 *
 * Objects are marked when they change and saved at the engine's edge, in the
 * same call that changed them; the caller makes that safe before it sends
 * what the call put out (struct gikev2_callbacks, save).  Only a key server's
 * side is saved; nothing is while there is no callback.
 */
#ifndef GIKEV2_STATE_H
#define GIKEV2_STATE_H

#include "gikev2/gikev2_int.h"

/* Changed: to be saved at the edge. */
void gikev2_ike_changed(struct gikev2_ike *ike);
void gikev2_gm_changed(struct gikev2_gm *gm);

/* Gives it the name that it is saved by. */
void gikev2_gm_name(struct gikev2_gm *gm);

/* About to be freed. */
void gikev2_gm_unmark(struct gikev2_gm *gm);

/* Ended: no longer saved, at once. */
void gikev2_ike_forget(struct gikev2_ike *ike);
void gikev2_gm_forget(struct gikev2_gm *gm);
void gikev2_group_forget(struct gikev2_group *group);

void gikev2_state_forget_tree(struct gikev2_group *group);

/* The keys of the tree on the way to `leaf`, those that are new. */
void gikev2_state_path(struct gikev2_group *group, uint32_t leaf);

/* Saves what changed; at the edge. */
void gikev2_state_save(struct gikev2 *engine);

/*
 * Fills an empty group, its key tree and members; the IKE SAs first of all.  1: done; 0:
 * nothing is known of it; -STATE, -STATE_VERSION, -NO_MEMORY or the reason of
 * the callback `load`: the group is of no use then, but nothing was lost.
 */
int gikev2_state_load(struct gikev2_group *group, uint64_t now);

#endif /* GIKEV2_STATE_H */
