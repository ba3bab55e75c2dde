// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who was refused lately.  No libfrr in here, so that the unit test needs none.
 */
#include <stdio.h>
#include <string.h>

#include "mrkmd/mrkm_refusal.h"

static struct mrkm_refusal refusals[MRKM_REFUSALS_MAX];

static struct mrkm_refusal *find(const void *group,
				 const struct gikev2_id *identity)
{
	for (size_t i = 0; i < MRKM_REFUSALS_MAX; i++)
		if (refusals[i].when && refusals[i].group == group &&
		    gikev2_id_equal(&refusals[i].identity, identity))
			return &refusals[i];
	return NULL;
}

static struct mrkm_refusal *oldest(void)
{
	struct mrkm_refusal *refusal = &refusals[0];

	for (size_t i = 1; i < MRKM_REFUSALS_MAX; i++)
		if (refusals[i].when < refusal->when)
			refusal = &refusals[i];
	return refusal;
}

void mrkm_refusal_note(const void *group, const struct gikev2_id *identity,
		       const struct gikev2_endpoint *remote, const char *reason,
		       uint64_t now)
{
	struct mrkm_refusal *refusal;

	if (!identity)
		return;
	refusal = find(group, identity);
	if (!refusal) {
		refusal = oldest();
		memset(refusal, 0, sizeof(*refusal));
		refusal->group = group;
		refusal->identity.type = identity->type;
		refusal->identity.len = identity->len;
		memcpy(refusal->identity.data, identity->data, identity->len);
	}
	refusal->remote = *remote;
	refusal->when = now;
	refusal->count++;
	snprintf(refusal->reason, sizeof(refusal->reason), "%s", reason);
}

void mrkm_refusal_forget(const void *group, const struct gikev2_id *identity)
{
	for (size_t i = 0; i < MRKM_REFUSALS_MAX; i++)
		if (refusals[i].group == group &&
		    (!identity ||
		     gikev2_id_equal(&refusals[i].identity, identity)))
			memset(&refusals[i], 0, sizeof(refusals[i]));
}

const struct mrkm_refusal *mrkm_refusal_find(const void *group,
					     const struct gikev2_id *identity)
{
	return find(group, identity);
}

const struct mrkm_refusal *mrkm_refusal_get(const void *group, size_t n)
{
	for (size_t i = 0; i < MRKM_REFUSALS_MAX; i++)
		if (refusals[i].when && refusals[i].group == group && !n--)
			return &refusals[i];
	return NULL;
}
