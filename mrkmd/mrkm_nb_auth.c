// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Northbound: configuration of certificates.
 *
 * As with the file of a pre-shared key, a person who types a bad name is told;
 * a router that starts keeps the line, and waits for what it names.
 */
#include <zebra.h>

#include "northbound.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_nb.h"

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/certificate/private-key
 */
int mrkm_nb_private_key_modify(struct nb_cb_modify_args *args)
{
	struct gikev2_credential *credential;
	char problem[GIKEV2_PROBLEM_MAX];
	int err;

	if (args->event != NB_EV_VALIDATE || mrkm_nb_loading(args->context))
		return NB_OK;
	err = gikev2_store_credential(
		yang_dnode_get_string(args->dnode, NULL),
		yang_dnode_get_string(args->dnode, "../uri"), NULL, NULL,
		&credential, problem, sizeof(problem));
	if (err < 0) {
		strlcpy(args->errmsg, problem, args->errmsg_len);
		return NB_ERR_VALIDATION;
	}
	gikev2_credential_free(credential);
	return NB_OK;
}

static int check_trust(const char *uri, enum gikev2_trust kind, char *errmsg,
		       size_t size)
{
	struct gikev2_anchors *anchors = gikev2_anchors_new();
	char problem[GIKEV2_PROBLEM_MAX] = "out of memory";
	int err = -GIKEV2_ERR_NO_MEMORY;

	if (anchors)
		err = gikev2_store_trust(uri, kind, anchors, problem,
					 sizeof(problem));
	gikev2_anchors_free(anchors);
	if (err < 0)
		strlcpy(errmsg, problem, size);
	return err < 0 ? NB_ERR_VALIDATION : NB_OK;
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/trust-anchor/uri
 */
int mrkm_nb_trust_anchor_modify(struct nb_cb_modify_args *args)
{
	if (args->event != NB_EV_VALIDATE || mrkm_nb_loading(args->context))
		return NB_OK;
	return check_trust(yang_dnode_get_string(args->dnode, NULL),
			   GIKEV2_TRUST_ANCHOR, args->errmsg, args->errmsg_len);
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/crl
 */
int mrkm_nb_crl_create(struct nb_cb_create_args *args)
{
	if (args->event != NB_EV_VALIDATE || mrkm_nb_loading(args->context))
		return NB_OK;
	return check_trust(yang_dnode_get_string(args->dnode, NULL),
			   GIKEV2_TRUST_CRL, args->errmsg, args->errmsg_len);
}
