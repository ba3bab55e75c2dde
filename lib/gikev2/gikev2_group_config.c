// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A group's configuration at its key server: what it may be, and what it means when
 * it changes.
 */
#include "gikev2/gikev2_group.h"

static bool protocol_valid(const struct gikev2_group_config *config,
			   const struct gikev2_group_protocol *p)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(p->protocol);

	if (!protocol || !protocol->daemons[0] ||
	    p->lifetime < gikev2_group_lifetime_min(config))
		return false;
	if (p->fallback_count > GIKEV2_FALLBACKS_MAX)
		return false;
	for (size_t i = 0; i <= p->fallback_count; i++) {
		struct keytable_row row;

		gikev2_policy_sample(p, i, &row);
		if (!row.key_len)
			return false;
	}
	if (protocol->applier == KEYTABLE_APPLY_IPSEC)
		return !config->plain || !p->per_sender;
	/* RFC 9838 has no words for it */
	return !config->plain && !p->per_sender;
}

bool gikev2_group_config_valid(const struct gikev2_group_config *config)
{
	uint8_t bits = config->sender_id_bits;

	if (!config->protocol_count || config->dtd <= config->atd + 1 ||
	    (bits && bits != 8 && bits != 12 && bits != 16))
		return false;
	for (size_t i = 0; i < config->protocol_count; i++) {
		const struct gikev2_group_protocol *p = &config->protocols[i];

		if (!protocol_valid(config, p))
			return false;
		/* its keys would be two generations at once to a member */
		for (size_t j = 0; j < i; j++)
			if (config->protocols[j].protocol == p->protocol)
				return false;
	}
	return true;
}

bool gikev2_group_may_add(struct gikev2 *engine,
			  const struct gikev2_group_config *config)
{
	struct gikev2_pld_id id = { config->id.type,
				    gikev2_id_chunk(&config->id) };

	return gikev2_group_config_valid(config) &&
	       !gikev2_group_find(engine, &id);
}

static bool protocol_equal(const struct gikev2_group_protocol *a,
			   const struct gikev2_group_protocol *b)
{
	struct keytable_row x, y;

	if (a->protocol != b->protocol || a->per_sender != b->per_sender ||
	    a->fallback_count != b->fallback_count)
		return false;
	for (size_t i = 0; i <= a->fallback_count; i++) {
		gikev2_policy_sample(a, i, &x);
		gikev2_policy_sample(b, i, &y);
		if (x.algorithm != y.algorithm ||
		    !keytable_ipsec_equal(&x.ipsec, &y.ipsec))
			return false;
	}
	return true;
}

static bool protocols_equal(const struct gikev2_group_config *a,
			    const struct gikev2_group_config *b)
{
	if (a->protocol_count != b->protocol_count || a->plain != b->plain)
		return false;
	for (size_t i = 0; i < a->protocol_count; i++)
		if (!protocol_equal(&a->protocols[i], &b->protocols[i]))
			return false;
	return true;
}

int gikev2_group_update(struct gikev2_group *group,
			const struct gikev2_group_config *config, uint64_t now)
{
	bool same_id = gikev2_id_equal(&group->config.id, &config->id);
	bool same = protocols_equal(&group->config, config);
	struct gikev2_rekey_config old = group->config.rekey;
	int ret;

	if (!gikev2_group_config_valid(config) || !same_id)
		return -GIKEV2_ERR_BAD_POLICY;
	group->config = *config;
	if (!same)
		group->up_from = 0;
	ret = gikev2_multicast_update(group, &old, now);
	if (ret == 0 && !same && !group->settle_at)
		ret = gikev2_group_roll(group, false, now);
	if (ret == -GIKEV2_ERR_BUSY) {
		/* one change after the other: it rolls to the last of them when
		 * the oldest generation is over, see timer_fire() */
		group->roll_wanted = true;
		ret = 0;
	}
	if (ret < 0)
		gikev2_count(group->engine, ret);
	gikev2_group_arm(group);
	gikev2_bury(group->engine);
	return ret;
}
