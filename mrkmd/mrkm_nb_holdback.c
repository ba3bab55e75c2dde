// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Northbound: operational state, members that hold their group back.
 */
#include <zebra.h>

#include "northbound.h"
#include "yang.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_nb.h"

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/key-server/group/state/held-back
 */
static struct gikev2_holdback held_back[GIKEV2_PROTOCOLS_MAX];
static size_t held_back_count;

static void collect_held_back(const struct mrkm_ks_group *group)
{
	struct gikev2_group_status status;

	held_back_count = 0;
	if (!group->group)
		return;
	gikev2_group_get_status(group->group, mrkm_now(), &status);
	held_back_count = status.holdback_count;
	memcpy(held_back, status.holdback, sizeof(held_back));
}

static const char *held_back_name(const struct gikev2_holdback *entry)
{
	return keytable_protocol_by_wire(entry->wanted.protocol)->name;
}

const void *mrkm_nb_ks_held_back_get_next(struct nb_cb_get_next_args *args)
{
	const struct gikev2_holdback *entry = args->list_entry;

	if (!entry) {
		collect_held_back(args->parent_list_entry);
		return held_back_count ? held_back : NULL;
	}
	return ++entry < held_back + held_back_count ? entry : NULL;
}

int mrkm_nb_ks_held_back_get_keys(struct nb_cb_get_keys_args *args)
{
	args->keys->num = 1;
	strlcpy(args->keys->key[0], held_back_name(args->list_entry),
		sizeof(args->keys->key[0]));
	return NB_OK;
}

const void *
mrkm_nb_ks_held_back_lookup_entry(struct nb_cb_lookup_entry_args *args)
{
	collect_held_back(args->parent_list_entry);
	for (size_t i = 0; i < held_back_count; i++)
		if (!strcmp(held_back_name(&held_back[i]), args->keys->key[0]))
			return &held_back[i];
	return NULL;
}

enum nb_error mrkm_nb_ks_held_back_get(const struct nb_node *node,
				       const void *entry,
				       struct lyd_node *parent)
{
	const struct lysc_node *schema = node->snode;
	const struct gikev2_holdback *holdback = entry;
	char value[640];

	if (!strcmp(schema->name, "protocol"))
		strlcpy(value, held_back_name(holdback), sizeof(value));
	else if (!strcmp(schema->name, "algorithm"))
		keytable_row_algorithm(&holdback->wanted, value, sizeof(value));
	else if (!strcmp(schema->name, "members"))
		snprintf(value, sizeof(value), "%u", holdback->members);
	else
		gikev2_id_text(holdback->member, value, sizeof(value));
	if (lyd_new_term(parent, schema->module, schema->name, value, false,
			 NULL))
		return NB_ERR_RESOURCE;
	return NB_OK;
}
