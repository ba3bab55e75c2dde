// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the next generation of a group's keys consists of.
 */
#include <string.h>

#include "gikev2/gikev2_group.h"
#include "gikev2/gikev2_plan.h"

static size_t choice_count(const struct gikev2_group_protocol *config)
{
	return 1 + config->fallback_count;
}

void gikev2_policy_sample(const struct gikev2_group_protocol *config,
			  size_t choice, struct keytable_row *row)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(config->protocol);
	const struct gikev2_choice wanted =
		choice ? config->fallback[choice - 1]
		       : (struct gikev2_choice){ config->algorithm,
						 config->suite };

	*row = (struct keytable_row){
		.protocol = config->protocol,
		.direction = KEYTABLE_BOTH,
		.algorithm = wanted.algorithm,
	};
	if (protocol->applier == KEYTABLE_APPLY_KEYCHAIN) {
		row->key_len = keytable_key_len(protocol, wanted.algorithm);
		return;
	}
	if (!wanted.algorithm)
		row->key_len = keytable_suite_key_len(&wanted.suite);
	row->ipsec = (struct keytable_ipsec){
		.suite = wanted.suite,
		.wire = config->protocol,
		.families = protocol->families,
		.sn = config->per_sender ? KEYTABLE_SN_SEQUENTIAL
					 : KEYTABLE_SN_UNSPECIFIED,
		.sender = config->per_sender, /* somebody's */
	};
}

/* ----------------------------------------------------------------- algorithm */

/* Who has to go does not count, nor a registration that the newcomer's takes
 * the place of. */
static bool counts(const struct gikev2_gm *gm, const struct gikev2_gm *newcomer)
{
	return !gm->cleared && (!newcomer || gm == newcomer ||
				!gikev2_id_equal(gm->id, newcomer->id));
}

static bool fits(const struct gikev2_gm *gm, const struct keytable_row *row)
{
	return !gikev2_lists(&gm->can, row) || gikev2_can(&gm->can, row);
}

static bool fits_all(struct gikev2_group *group,
		     const struct gikev2_gm *newcomer,
		     const struct keytable_row *row)
{
	const struct gikev2_gm *gm = gikev2_group_gms(group)->first;

	for (; gm; gm = gm->next)
		if (counts(gm, newcomer) && !fits(gm, row))
			return false;
	return true;
}

/* The first choice, from that one on, that all can do; -NO_PROPOSAL. */
static int choose(struct gikev2_group *group,
		  const struct gikev2_group_protocol *config,
		  const struct gikev2_gm *newcomer, size_t from,
		  struct keytable_row *row)
{
	for (size_t i = from; i < choice_count(config); i++) {
		gikev2_policy_sample(config, i, row);
		if (fits_all(group, newcomer, row))
			return 0;
	}
	return -GIKEV2_ERR_NO_PROPOSAL;
}

int gikev2_plan_suits(struct gikev2_group *group,
		      const struct gikev2_gm *newcomer)
{
	const struct gikev2_group_config *config = gikev2_group_config(group);
	struct keytable_row row;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < config->protocol_count; i++) {
		gikev2_policy_sample(&config->protocols[i], 0, &row);
		if (gikev2_lists(&newcomer->can, &row))
			ret = choose(group, &config->protocols[i], newcomer, 0,
				     &row);
	}
	return ret;
}

/* ------------------------------------------------------------------- up again */

static bool holds(const struct keytable_row *rows, size_t count,
		  const struct keytable_row *row)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].protocol == row->protocol &&
		    rows[i].algorithm == row->algorithm &&
		    keytable_suite_bits(&rows[i].ipsec.suite) ==
			    keytable_suite_bits(&row->ipsec.suite))
			return true;
	return false;
}

/* Which choice that is, or `none`. */
static size_t choice_of(const struct gikev2_group_protocol *config,
			const struct keytable_row *rows, size_t count,
			size_t none)
{
	struct keytable_row row;

	for (size_t i = 0; i < choice_count(config); i++) {
		gikev2_policy_sample(config, i, &row);
		if (holds(rows, count, &row))
			return i;
	}
	return none;
}

/* The first, where there are no keys yet, or of none of them. */
static size_t choice_in_use(struct gikev2_group *group,
			    const struct gikev2_group_protocol *config)
{
	const struct gikev2_generation *gen =
		gikev2_youngest(&group->generations);

	return group->generations.count
		       ? choice_of(config, gen->row, gen->count, 0)
		       : 0;
}

bool gikev2_plan_goes_up(struct gikev2_group *group,
			 const struct gikev2_plan *plan)
{
	for (size_t i = 0; i < group->config.protocol_count; i++) {
		const struct gikev2_group_protocol *p =
			&group->config.protocols[i];

		if (choice_of(p, plan->row, plan->count, SIZE_MAX) <
		    choice_in_use(group, p))
			return true;
	}
	return false;
}

/*
 * Who says now this, now that of what it can do would have the group roll up and
 * down without end: down it goes at once, for the sake of who comes, and up again
 * after a while.
 */
static int choose_for(struct gikev2_group *group,
		      const struct gikev2_group_protocol *config,
		      const struct gikev2_gm *newcomer, uint64_t now,
		      struct keytable_row *row)
{
	size_t from = 0;

	if (now < group->up_from)
		from = choice_in_use(group, config);
	if (choose(group, config, newcomer, from, row) == 0)
		return 0;
	if (choose(group, config, newcomer, 0, row) == 0)
		return newcomer ? -GIKEV2_ERR_BUSY : 0;
	gikev2_policy_sample(config, 0, row);
	return 0;
}

/* ---------------------------------------------------------------------- rows */

static int add_row(struct gikev2_plan *plan, const struct keytable_row *row,
		   uint32_t lifetime)
{
	if (plan->count == GIKEV2_GENERATION_ROWS)
		return -GIKEV2_ERR_LIMIT;
	plan->lifetime[plan->count] = lifetime;
	plan->row[plan->count++] = *row;
	return 0;
}

static bool has_row(const struct gikev2_plan *plan,
		    const struct keytable_row *row)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->row[i].protocol == row->protocol &&
		    plan->row[i].ipsec.sender == row->ipsec.sender)
			return true;
	return false;
}

/* One row a sender; who registered twice is one sender. */
static int add_senders(struct gikev2_group *group, struct gikev2_plan *plan,
		       struct keytable_row *row, uint32_t lifetime)
{
	const struct gikev2_gm *gm = gikev2_group_gms(group)->first;
	int ret = 0;

	for (; ret == 0 && gm; gm = gm->next) {
		if (gm->cleared || !gm->senders || !gikev2_can(&gm->can, row))
			continue;
		row->ipsec.sender = gikev2_sender_digest(
			gikev2_group_engine(group), gm->id);
		if (!has_row(plan, row))
			ret = add_row(plan, row, lifetime);
	}
	return ret;
}

int gikev2_plan_make(struct gikev2_group *group,
		     const struct gikev2_gm *newcomer, uint64_t now,
		     struct gikev2_plan *plan)
{
	const struct gikev2_group_config *config = gikev2_group_config(group);
	struct keytable_row row;
	int ret = 0;

	plan->count = 0;
	for (size_t i = 0; ret == 0 && i < config->protocol_count; i++) {
		const struct gikev2_group_protocol *p = &config->protocols[i];

		if (p->fallback_count)
			ret = choose_for(group, p, newcomer, now, &row);
		else
			gikev2_policy_sample(p, 0, &row);
		if (ret == 0)
			ret = p->per_sender ? add_senders(group, plan, &row,
							  p->lifetime)
					    : add_row(plan, &row, p->lifetime);
	}
	return ret;
}

void gikev2_plan_first(const struct gikev2_group_config *config,
		       struct gikev2_plan *plan)
{
	plan->count = 0;
	for (size_t i = 0; i < config->protocol_count; i++) {
		struct keytable_row row;

		gikev2_policy_sample(&config->protocols[i], 0, &row);
		add_row(plan, &row, config->protocols[i].lifetime);
	}
}

/* ---------------------------------------------------------- who holds us back */

static bool in_use(struct gikev2_group *group, const struct keytable_row *row)
{
	const struct gikev2_generation *gen =
		gikev2_youngest(gikev2_group_generations(group));

	return holds(gen->row, gen->count, row);
}

size_t gikev2_plan_holdback(struct gikev2_group *group,
			    struct gikev2_holdback *holdback)
{
	const struct gikev2_group_config *config = gikev2_group_config(group);
	size_t count = 0;

	for (size_t i = 0; i < config->protocol_count; i++) {
		const struct gikev2_group_protocol *p = &config->protocols[i];
		struct gikev2_holdback *h = &holdback[count];
		const struct gikev2_gm *gm = gikev2_group_gms(group)->first;

		*h = (struct gikev2_holdback){ 0 };
		gikev2_policy_sample(p, 0, &h->wanted);
		if (!p->fallback_count || in_use(group, &h->wanted))
			continue;
		for (; gm; gm = gm->next) {
			if (fits(gm, &h->wanted))
				continue;
			if (!h->members++)
				h->member = gm->id;
		}
		count += h->members > 0;
	}
	return count;
}
