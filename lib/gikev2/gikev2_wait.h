// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key server: telling members of new keys, and waiting for those that have not
 * acknowledged them, so that no member is left behind.
 *
 * A roll that waits has three stages.
 *
 * Announced: the new key goes out with delays that are longer by the time that
 * the operator allows for waiting.  All members accept both keys and send with
 * the old one.
 *
 * Switching: everybody has acknowledged it.  The same key is told once more with
 * the ATD of the configuration.  DTD stays long: who does not hear this goes on
 * with the old key for a while, and all accept that.
 *
 * Settled: everybody has acknowledged that, too, and ATD is over.  The same key
 * is told a last time, with the DTD of the configuration.
 *
 * What was announced is safe by itself.  The second and the third message only
 * make it quicker, so that nobody has to be waited for who does not understand
 * them: in a group with such a member the first delays stand.
 */
#ifndef GIKEV2_WAIT_H
#define GIKEV2_WAIT_H

#include "gikev2/gikev2_group.h"

/* Does a roll wait for members? */
bool gikev2_wait_on(const struct gikev2_group *group);

/* What a roll allows for waiting at the most, microseconds; 0: it does not. */
uint64_t gikev2_wait_time(const struct gikev2_group *group);

/* The youngest generation was just made, with delays that allow for `wait`. */
void gikev2_wait_begin(struct gikev2_group *group, uint64_t wait, uint64_t now);

/* A member acknowledged something, or went: is anybody still missing?  Found
 * out by the group's timer. */
void gikev2_wait_changed(struct gikev2_group *group, uint64_t now);

/* One that was late acknowledged something: it is waited for again. */
void gikev2_wait_again(struct gikev2_gm *gm);

/*
 * Its SA ended: it is away if a roll waits for its coming back.  Whatever the
 * reason: who leaves says so, and a Delete, an error or INITIAL_CONTACT may come
 * from one who registers anew in a moment, and sends with its old keys until then.
 */
void gikev2_wait_lost(struct gikev2_gm *gm);

/*
 * The change up to which a member has everything that its registration is
 * answered with; `given`: the youngest generation in it.  While a roll waits,
 * that does not count until we hear of it: answers get lost.
 */
uint64_t gikev2_wait_at_registration(const struct gikev2_gm *gm, size_t given);

/* It was answered, and is told soon of what it lacks. */
void gikev2_wait_registered(struct gikev2_gm *gm, uint64_t now);

/* Has a member to be heard of yet, and a roll waits for that? */
bool gikev2_wait_lacks(const struct gikev2_gm *gm);

/* When gikev2_wait_run() is due; GIKEV2_NEVER. */
uint64_t gikev2_wait_next(const struct gikev2_group *group);

/* Goes on with the stages and with telling, as far as it is time; by the group's
 * timer.  Negative: it is to be tried again. */
int gikev2_wait_run(struct gikev2_group *group, uint64_t now);

void gikev2_wait_status(struct gikev2_group *group,
			struct gikev2_group_status *status);

/* The youngest keys, for all that do not have them yet, a slice of them at a
 * time. */
int gikev2_tell(struct gikev2_group *group, uint64_t now);

/* The change up to which it has the group's keys, as far as one can know. */
uint64_t gikev2_gm_acked(const struct gikev2_gm *gm);

/* Only over their IKE SAs: those that lack something, or are to go. */
void gikev2_tell_inband(struct gikev2_group *group, uint64_t now);

/* About to be freed. */
void gikev2_wait_without(const struct gikev2_gm *gm);

#endif /* GIKEV2_WAIT_H */
