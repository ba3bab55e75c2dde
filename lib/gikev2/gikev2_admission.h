// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key server: what a newcomer means for the group's keys.
 */
#ifndef GIKEV2_ADMISSION_H
#define GIKEV2_ADMISSION_H

#include "gikev2/gikev2_int.h"

struct gikev2_turns; /* gikev2_group.h */

/*
 * Makes the group's keys such that the newcomer can use them, or says why
 * not: -NO_PROPOSAL, -REGISTRATION_FAILED.  The other members are told
 * afterwards, by gikev2_group_changed(): what goes to them does not get in the
 * way of what is being answered.
 */
int gikev2_admission(struct gikev2_group *group, struct gikev2_gm *gm,
		     uint64_t now);

/*
 * Is it the turn of who has that name to register?  Each registration may cost
 * the others a message, and Sender-IDs that are handed out once; so each member
 * has some at once, and then one in a while.  Keeps count of it, when it is.
 */
bool gikev2_turn(struct gikev2_turns *turns, const struct gikev2_id *id,
		 uint64_t now);

/* Something else that it did cost the others as much: it has one turn less. */
void gikev2_turn_lost(struct gikev2_turns *turns, const struct gikev2_id *id,
		      uint64_t now);

#endif /* GIKEV2_ADMISSION_H */
