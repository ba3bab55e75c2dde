// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key server's list of members.
 */
#include <stdlib.h>

#include "gikev2/gikev2_int.h"

struct gikev2_gm *gikev2_gm_new(struct gikev2_group *group,
				struct gikev2_ike *ike, uint64_t now)
{
	struct gikev2_gm *gm = calloc(1, sizeof(*gm));
	uint32_t *count;
	struct gikev2_gm **head = gikev2_group_gms(group, &count);

	if (!gm)
		return NULL;
	gm->id = gikev2_id_dup(ike->peer);
	if (!gm->id) {
		free(gm);
		return NULL;
	}
	gm->group = group;
	gm->leaf = GIKEV2_LKH_NO_LEAF;
	gm->ike = ike;
	gm->path = ike->path;
	gm->registered = gm->last_seen = now;
	gm->ike_next = ike->gms;
	ike->gms = gm;
	gm->next = *head;
	if (gm->next)
		gm->next->prev = gm;
	*head = gm;
	++*count;
	return gm;
}

struct gikev2_gm *gikev2_gm_of(const struct gikev2_ike *ike,
			       const struct gikev2_group *group)
{
	struct gikev2_gm *gm = ike->gms;

	while (gm && gm->group != group)
		gm = gm->ike_next;
	return gm;
}

static void leave_ike(struct gikev2_gm *gm)
{
	struct gikev2_gm **at;

	if (!gm->ike)
		return;
	for (at = &gm->ike->gms; *at && *at != gm; at = &(*at)->ike_next)
		;
	if (*at)
		*at = gm->ike_next;
	gm->ike_next = NULL;
	gm->ike = NULL;
}

void gikev2_gm_free(struct gikev2_gm *gm)
{
	uint32_t *count;
	struct gikev2_gm **head = gikev2_group_gms(gm->group, &count);

	leave_ike(gm);
	if (gm->prev)
		gm->prev->next = gm->next;
	else
		*head = gm->next;
	if (gm->next)
		gm->next->prev = gm->prev;
	--*count;
	free(gm->id);
	free(gm);
}

void gikev2_gm_end(struct gikev2_gm *gm, int err, uint64_t now)
{
	gikev2_gm_event(gm, GIKEV2_EVENT_MEMBER_GONE, err, now);
	gikev2_gm_free(gm);
}

/* A member that registers again has forgotten its older SA. */
void gikev2_gm_end_older(struct gikev2_gm *newer, uint64_t now)
{
	uint32_t *count;
	struct gikev2_gm *gm = *gikev2_group_gms(newer->group, &count), *next;

	for (; gm; gm = next) {
		struct gikev2_ike *ike = gm->ike;

		next = gm->next;
		if (gm == newer || !gikev2_id_equal(gm->id, newer->id))
			continue;
		gikev2_gm_end(gm, -GIKEV2_ERR_REPLACED, now);
		if (ike && !ike->gms)
			gikev2_ike_end(ike, -GIKEV2_ERR_REPLACED, now);
	}
}

/* Multicast reaches a member without an SA: that one stays registered. */
void gikev2_gms_release(struct gikev2_ike *ike, int err, uint64_t now)
{
	struct gikev2_gm *gm, *next;

	for (gm = ike->gms; gm; gm = next) {
		next = gm->ike_next;
		if (gikev2_group_kek(gm->group)->alive) {
			gm->last_seen = ike->last_seen;
			leave_ike(gm);
		} else {
			gikev2_gm_end(gm, err, now);
		}
	}
}
