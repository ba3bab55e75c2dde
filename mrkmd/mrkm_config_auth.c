// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration of credentials, read out of the northbound's tree.
 */
#include <zebra.h>

#include "mrkmd/mrkm_config.h"
#include "mrkmd/mrkm_pattern.h"
#include "mrkmd/mrkm_tree.h"

static bool is_true(const struct lyd_node *node, const char *name)
{
	const char *value = mrkm_leaf(node, name);

	return value && !strcmp(value, "true");
}

/* ------------------------------------------------------------------- router */

static void read_certificates(const struct lyd_node *tree,
			      struct mrkm_trust_config *trust)
{
	const struct lyd_node *child;

	for (child = mrkm_child(tree, "certificate"); child;
	     child = mrkm_next(child)) {
		struct mrkm_certificate_config *config =
			&trust->certificates[trust->certificate_count++];

		strlcpy(config->uri, mrkm_leaf(child, "uri"),
			sizeof(config->uri));
		strlcpy(config->private_key, mrkm_leaf(child, "private-key"),
			sizeof(config->private_key));
	}
}

static void read_anchors(const struct lyd_node *tree,
			 struct mrkm_trust_config *trust)
{
	const struct lyd_node *child;

	for (child = mrkm_child(tree, "trust-anchor"); child;
	     child = mrkm_next(child)) {
		struct mrkm_anchor_config *config =
			&trust->anchors[trust->anchor_count++];

		strlcpy(config->name, mrkm_leaf(child, "name"),
			sizeof(config->name));
		strlcpy(config->uri, mrkm_leaf(child, "uri"),
			sizeof(config->uri));
	}
	for (child = mrkm_child(tree, "crl"); child; child = mrkm_next(child))
		strlcpy(trust->crls[trust->crl_count++], lyd_get_value(child),
			sizeof(trust->crls[0]));
	trust->crl_required = is_true(tree, "crl-required");
}

/* All names that there are, for whom wrote another. */
static void list_methods(char *buf, size_t size)
{
	buf[0] = '\0';
	for (unsigned int id = 1; id < 256; id++) {
		const char *name = gikev2_ke_name(id);

		if (!name)
			continue;
		strlcat(buf, " ", size);
		strlcat(buf, name, size);
	}
	for (char *c = buf; *c; c++)
		*c = *c == '_' ? '-' : tolower((unsigned char)*c);
}

static int read_addke(const struct lyd_node *tree,
		      struct mrkm_base_config *base, char *problem, size_t size)
{
	const struct lyd_node *node =
		mrkm_child(tree, "additional-key-exchange");
	const struct lyd_node *child;
	char known[256];
	size_t count = 0;

	base->addke_set = node != NULL;
	if (!node)
		return 0;
	base->addke.mandatory = is_true(node, "required");
	for (child = mrkm_child(node, "method"); child;
	     child = mrkm_next(child)) {
		uint16_t id = gikev2_ke_by_name(lyd_get_value(child));

		base->addke.methods[count++] = id;
		if (id)
			continue;
		list_methods(known, sizeof(known));
		return mrkm_fail(
			problem, size,
			"additional-key-exchange \"%s\" is not known: name some of%s",
			lyd_get_value(child), known);
	}
	if (!count && base->addke.mandatory)
		return mrkm_fail(
			problem, size,
			"additional-key-exchange none cannot be required: name a method, such as ml-kem-768");
	return 0;
}

int mrkm_config_read_trust(const struct lyd_node *tree,
			   struct mrkm_base_config *base, char *problem,
			   size_t size)
{
	read_certificates(tree, &base->trust);
	read_anchors(tree, &base->trust);
	return read_addke(tree, base, problem, size);
}

/* ------------------------------------------------------------------- groups */

static uint8_t read_method(const struct lyd_node *node, const char *name)
{
	const char *method = mrkm_leaf(node, name);

	if (!method)
		return 0;
	return !strcmp(method, "pre-shared-key") ? GIKEV2_BY_PSK
	       : !strcmp(method, "certificate")
		       ? GIKEV2_BY_CERTIFICATE
		       : GIKEV2_BY_PSK | GIKEV2_BY_CERTIFICATE;
}

void mrkm_config_read_auth(const struct lyd_node *group,
			   struct mrkm_auth_config *auth)
{
	const struct lyd_node *node = mrkm_child(group, "authentication");

	if (!node)
		return;
	auth->own = read_method(node, "local");
	auth->peer = read_method(node, "remote");
}

static void read_ppk(const struct lyd_node *node, struct mrkm_ppk_config *ppk)
{
	strlcpy(ppk->id, mrkm_leaf(node, "id"), sizeof(ppk->id));
	strlcpy(ppk->file, mrkm_leaf(node, "file"), sizeof(ppk->file));
	ppk->required = is_true(node, "required");
}

static size_t read_ppks(const struct lyd_node *parent,
			struct mrkm_ppk_config ppks[MRKM_PPKS_MAX])
{
	const struct lyd_node *child;
	size_t count = 0;

	for (child = mrkm_child(parent, "ppk"); child; child = mrkm_next(child))
		read_ppk(child, &ppks[count++]);
	return count;
}

void mrkm_config_read_member_auth(const struct lyd_node *group,
				  struct mrkm_group_config *config)
{
	const struct lyd_node *ppk = mrkm_child(group, "ppk");
	const char *anchor = mrkm_leaf(group, "trust-anchor");

	mrkm_config_read_auth(group, &config->auth);
	if (anchor)
		strlcpy(config->trust_anchor, anchor,
			sizeof(config->trust_anchor));
	if (ppk)
		read_ppk(ppk, &config->ppk);
}

void mrkm_config_read_ks_auth(const struct lyd_node *group,
			      struct mrkm_ks_group_config *config)
{
	mrkm_config_read_auth(group, &config->auth);
	config->ppk_count = read_ppks(group, config->ppks);
	config->member_limit = mrkm_leaf_number(group, "member-limit");
}

/* Who the entry is for. */
static int read_who(const struct lyd_node *node,
		    struct mrkm_ks_member_config *config, char *problem,
		    size_t size)
{
	const char *type = mrkm_leaf(node, "type");
	const char *value = mrkm_leaf(node, "value");

	config->pattern = mrkm_pattern_is(type, value);
	if (!config->pattern)
		return mrkm_config_read_peer(node, &config->identity, problem,
					     size);
	if (mrkm_pattern_read(type, value, &config->identity))
		return 0;
	return mrkm_fail(
		problem, size,
		"\"%s %s\" is no pattern: \"fqdn *.DOMAIN\", \"email *@DOMAIN\", \"address PREFIX/LENGTH\" and \"dn O=NAME,CN=*\" are",
		type, value);
}

int mrkm_config_read_ks_member(const struct lyd_node *node,
			       struct mrkm_ks_member_config *config,
			       char *problem, size_t size)
{
	memset(config, 0, sizeof(*config));
	if (read_who(node, config, problem, size))
		return -1;
	config->receiver_only = mrkm_child(node, "receiver-only") != NULL;
	config->psk_file = mrkm_leaf(node, "pre-shared-key-file");
	config->certificate = mrkm_child(node, "certificate") != NULL;
	config->trust_anchor = mrkm_leaf(node, "trust-anchor");
	config->ppk_count = read_ppks(node, config->ppks);
	if (config->psk_file || config->certificate)
		return 0;
	return mrkm_fail(
		problem, size,
		"%s %s cannot prove its identity: configure \"member ... pre-shared-key file\" or \"member ... certificate\" first",
		mrkm_leaf(node, "type"), mrkm_leaf(node, "value"));
}
