// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Northbound: configuration.
 *
 * The tree is checked as a whole and applied as a whole, so most nodes have
 * nothing to do of their own.
 */
#include <zebra.h>

#include "log.h"
#include "northbound.h"
#include "vty.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_nb.h"
#include "mrkmd/mrkm_psk.h"

int mrkm_nb_create(struct nb_cb_create_args *args)
{
	return NB_OK;
}

int mrkm_nb_modify(struct nb_cb_modify_args *args)
{
	return NB_OK;
}

int mrkm_nb_destroy(struct nb_cb_destroy_args *args)
{
	return NB_OK;
}

int mrkm_nb_move(struct nb_cb_move_args *args)
{
	return NB_OK;
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm
 */
int mrkm_nb_mrkm_pre_validate(struct nb_cb_pre_validate_args *args)
{
	if (mrkm_config_check(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return NB_OK;
}

void mrkm_nb_mrkm_apply_finish(struct nb_cb_apply_finish_args *args)
{
	mrkm_config_apply(args->dnode);
}

/* The one deletion that apply_finish is not called for. */
int mrkm_nb_mrkm_destroy(struct nb_cb_destroy_args *args)
{
	if (args->event == NB_EV_APPLY)
		mrkm_config_apply(NULL);
	return NB_OK;
}

bool mrkm_nb_loading(const struct nb_context *context)
{
	const struct vty *vty = context->user;

	return context->client == NB_CLIENT_CLI && vty && vty->pending_allowed;
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/key-server/group/rekey/signature-key
 *
 * As with the file of a pre-shared key: a person is told, a router that starts
 * keeps the line and waits for the key.
 */
int mrkm_nb_signature_key_modify(struct nb_cb_modify_args *args)
{
	const char *uri = yang_dnode_get_string(args->dnode, NULL);
	struct mrkm_signer signer = {};
	bool found;

	if (args->event != NB_EV_VALIDATE || mrkm_nb_loading(args->context))
		return NB_OK;
	mrkm_signer_update(&signer, uri);
	found = signer.key != NULL;
	strlcpy(args->errmsg, signer.problem, args->errmsg_len);
	mrkm_signer_fini(&signer);
	return found ? NB_OK : NB_ERR_VALIDATION;
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/group/pre-shared-key-file
 * XPath: /frr-mrkmd:mrkmd/mrkm/key-server/group/member/pre-shared-key-file
 * and `file` of each PPK
 *
 * A person who types the name of a bad file is told and can correct it.  A
 * file that is bad when the router starts must not cost the router all of its
 * configuration: that is an error in the log, the group does without the key,
 * `show mrkm` says so, and the file is read again at its next use.
 */
int mrkm_nb_psk_file_modify(struct nb_cb_modify_args *args)
{
	const char *path = yang_dnode_get_string(args->dnode, NULL);
	char problem[512];
	int err;

	if (args->event != NB_EV_VALIDATE)
		return NB_OK;
	err = mrkm_psk_check(path, problem, sizeof(problem));
	if (!problem[0])
		return NB_OK;
	strlcpy(args->errmsg, problem, args->errmsg_len);
	if (err && !mrkm_nb_loading(args->context))
		return NB_ERR_VALIDATION;
	zlog(err ? LOG_ERR : LOG_WARNING, "mrkm: %s", problem);
	return NB_OK;
}
