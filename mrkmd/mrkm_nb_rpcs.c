// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Northbound: RPCs.
 */
#include <zebra.h>

#include "northbound.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_nb.h"
#include "mrkmd/mrkm_state.h"

/*
 * XPath: /frr-mrkmd:rekey
 */
int mrkm_nb_rekey(struct nb_cb_rpc_args *args)
{
	const char *name = yang_dnode_get_string(args->input, "group");
	struct mrkm_ks_group *group = mrkm_ks_group_find(name);
	char problem[512];
	int err;

	if (!group) {
		snprintf(
			args->errmsg, args->errmsg_len,
			"this router is not the key server of group %s: rekey it there",
			name);
		return NB_ERR;
	}
	if (!group->group) {
		mrkm_ks_group_problem(group, problem, sizeof(problem));
		snprintf(args->errmsg, args->errmsg_len,
			 "group %s is not served: %s", name, problem);
		return NB_ERR;
	}
	err = gikev2_group_rekey(group->group, mrkm_now());
	mrkm_engine_reschedule();
	if (!err)
		return NB_OK;
	snprintf(args->errmsg, args->errmsg_len,
		 "group %s was not rekeyed: %s: try again later", name,
		 gikev2_err_text(err));
	return NB_ERR;
}

/* The group and the member that an RPC is about. */
static struct mrkm_ks_group *member_of_group(struct nb_cb_rpc_args *args,
					     struct gikev2_id *identity)
{
	const char *name = yang_dnode_get_string(args->input, "group");
	const char *value = yang_dnode_get_string(args->input, "value");
	struct mrkm_ks_group *group = mrkm_ks_group_find(name);

	if (!group)
		snprintf(args->errmsg, args->errmsg_len,
			 "this router is not the key server of group %s", name);
	else if (mrkm_identity_read(yang_dnode_get_string(args->input, "type"),
				    value, identity) &&
		 gikev2_id_fold(identity) == 0)
		return group;
	else
		snprintf(args->errmsg, args->errmsg_len,
			 "\"%s\" is no identity of that kind", value);
	return NULL;
}

/*
 * XPath: /frr-mrkmd:exclude
 */
int mrkm_nb_exclude(struct nb_cb_rpc_args *args)
{
	struct gikev2_id identity;
	struct mrkm_ks_group *group = member_of_group(args, &identity);
	int err;

	if (!group)
		return NB_ERR;
	err = mrkm_exclude_member(group, &identity, args->errmsg,
				  args->errmsg_len);
	mrkm_engine_reschedule();
	mrkm_state_sync();
	return err ? NB_ERR : NB_OK;
}

/*
 * XPath: /frr-mrkmd:readmit
 */
int mrkm_nb_readmit(struct nb_cb_rpc_args *args)
{
	struct gikev2_id identity;
	struct mrkm_ks_group *group = member_of_group(args, &identity);

	int err;

	if (!group)
		return NB_ERR;
	err = mrkm_readmit_member(group, &identity, args->errmsg,
				  args->errmsg_len);
	mrkm_engine_reschedule();
	mrkm_state_sync();
	return err ? NB_ERR : NB_OK;
}

/*
 * XPath: /frr-mrkmd:re-register
 */
int mrkm_nb_re_register(struct nb_cb_rpc_args *args)
{
	const char *name = yang_dnode_get_string(args->input, "group");
	struct mrkm_group *group = mrkm_group_find(name);

	if (!group || !group->member) {
		snprintf(
			args->errmsg, args->errmsg_len,
			"this router is not a member of group %s: configure it under \"mrkm\"",
			name);
		return NB_ERR;
	}
	gikev2_member_reregister(group->member, mrkm_now());
	mrkm_engine_reschedule();
	return NB_OK;
}
