// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Northbound: operational state, who is excluded.
 */
#include <zebra.h>

#include "northbound.h"
#include "yang.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_nb.h"

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/key-server/group/state/exclusion
 */
const void *mrkm_nb_ks_exclusion_get_next(struct nb_cb_get_next_args *args)
{
	const struct mrkm_ks_group *group = args->parent_list_entry;

	if (!args->list_entry)
		return mrkm_exclusions_const_first(&group->exclusions);
	return mrkm_exclusions_const_next(&group->exclusions, args->list_entry);
}

int mrkm_nb_ks_exclusion_get_keys(struct nb_cb_get_keys_args *args)
{
	const struct mrkm_exclusion *exclusion = args->list_entry;

	args->keys->num = 1;
	gikev2_id_text(&exclusion->identity, args->keys->key[0],
		       sizeof(args->keys->key[0]));
	return NB_OK;
}

const void *
mrkm_nb_ks_exclusion_lookup_entry(struct nb_cb_lookup_entry_args *args)
{
	const struct mrkm_ks_group *group = args->parent_list_entry;
	const struct mrkm_exclusion *exclusion;
	char text[sizeof(args->keys->key[0])];

	frr_each(mrkm_exclusions_const, &group->exclusions, exclusion)
		if (!strcmp(gikev2_id_text(&exclusion->identity, text,
					   sizeof(text)),
			    args->keys->key[0]))
			return exclusion;
	return NULL;
}

enum nb_error mrkm_nb_ks_exclusion_get(const struct nb_node *node,
				       const void *entry,
				       struct lyd_node *parent)
{
	const struct mrkm_exclusion *exclusion = entry;
	char value[sizeof(((struct yang_list_keys *)0)->key[0])];
	const char *name = node->snode->name;
	time_t since = exclusion->since;
	struct tm tm;

	if (!strcmp(name, "identity")) {
		gikev2_id_text(&exclusion->identity, value, sizeof(value));
	} else if (!strcmp(name, "since")) {
		gmtime_r(&since, &tm);
		strftime(value, sizeof(value), "%Y-%m-%dT%H:%M:%S+00:00", &tm);
	} else {
		strlcpy(value, exclusion->reason, sizeof(value));
	}
	if (lyd_new_term(parent, node->snode->module, name, value, false, NULL))
		return NB_ERR_RESOURCE;
	return NB_OK;
}
