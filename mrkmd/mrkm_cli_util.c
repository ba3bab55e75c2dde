// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command line: what its commands share.
 */
#include <zebra.h>

#include "command.h"
#include "northbound_cli.h"
#include "sockunion.h"
#include "vty.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_cli.h"

bool mrkm_cli_name_ok(struct vty *vty, const char *what, const char *name,
		      size_t longest)
{
	if (strlen(name) > longest) {
		vty_out(vty, "%% %s has more than %zu characters: shorten it\n",
			what, longest);
		return false;
	}
	for (const char *c = name; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '\'' || *c == '"') {
			vty_out(vty,
				"%% %s \"%s\" may hold printable ASCII without spaces and quotation marks only: choose another\n",
				what, name);
			return false;
		}
	return true;
}

bool mrkm_cli_group_ok(struct vty *vty, const char *name)
{
	return mrkm_cli_name_ok(vty, "group name", name, MRKM_NAME_SIZE - 1);
}

bool mrkm_cli_identity(struct vty *vty, struct mrkm_cli_identity *identity,
		       const char *fqdn, const char *email,
		       const union sockunion *address, const char *key_id)
{
	if (address) {
		identity->type = "address";
		identity->value = sockunion2str(address, identity->address,
						sizeof(identity->address));
		return true;
	}
	identity->type = fqdn ? "fqdn" : email ? "email" : "key-id";
	identity->value = fqdn ? fqdn : email ? email : key_id;
	return mrkm_cli_name_ok(vty, "identity", identity->value,
				GIKEV2_ID_MAX);
}

int mrkm_cli_set_identity(struct vty *vty, const char *container,
			  const struct mrkm_cli_identity *identity)
{
	char type[XPATH_MAXLEN], value[XPATH_MAXLEN];

	snprintf(type, sizeof(type), "%s/type", container);
	snprintf(value, sizeof(value), "%s/value", container);
	nb_cli_enqueue_change(vty, container, NB_OP_CREATE, NULL);
	nb_cli_enqueue_change(vty, type, NB_OP_MODIFY, identity->type);
	nb_cli_enqueue_change(vty, value, NB_OP_MODIFY, identity->value);
	return nb_cli_apply_changes(vty, NULL);
}

int mrkm_cli_destroy(struct vty *vty, const char *xpath)
{
	nb_cli_enqueue_change(vty, xpath, NB_OP_DESTROY, NULL);
	return nb_cli_apply_changes(vty, NULL);
}

int mrkm_cli_set(struct vty *vty, const char *xpath, const char *value)
{
	nb_cli_enqueue_change(vty, xpath, NB_OP_MODIFY, value);
	return nb_cli_apply_changes(vty, NULL);
}

/* After CMD_WARNING vtysh ends as if all were well, and a script goes on. */
int mrkm_cli_rpc(struct vty *vty, const char *xpath)
{
	return nb_cli_rpc(vty, xpath, NULL) == CMD_SUCCESS
		       ? CMD_SUCCESS
		       : CMD_WARNING_CONFIG_FAILED;
}

int mrkm_cli_enter(struct vty *vty, const char *xpath, enum node_type node)
{
	int ret;

	nb_cli_enqueue_change(vty, xpath, NB_OP_CREATE, NULL);
	ret = nb_cli_apply_changes(vty, NULL);
	if (ret == CMD_SUCCESS)
		VTY_PUSH_XPATH(node, xpath);
	return ret;
}

static bool distinguished_name(struct vty *vty,
			       struct mrkm_cli_identity *identity,
			       const char *dn)
{
	identity->type = "dn";
	identity->value = dn;
	return mrkm_cli_name_ok(vty, "identity", dn, GIKEV2_ID_MAX);
}

bool mrkm_cli_identity_or_dn(struct vty *vty,
			     struct mrkm_cli_identity *identity,
			     const char *fqdn, const char *email,
			     const union sockunion *address, const char *dn,
			     const char *key_id)
{
	if (dn)
		return distinguished_name(vty, identity, dn);
	return mrkm_cli_identity(vty, identity, fqdn, email, address, key_id);
}

/* One way to write each: it is the key of a list. */
static bool address_or_prefix(struct vty *vty,
			      struct mrkm_cli_identity *identity,
			      const char *text)
{
	struct prefix prefix;

	identity->type = "address";
	identity->value = identity->address;
	if (!str2prefix(text, &prefix)) {
		vty_out(vty, "%% \"%s\" is no address and no prefix\n", text);
		return false;
	}
	apply_mask(&prefix);
	if (strchr(text, '/'))
		prefix2str(&prefix, identity->address,
			   sizeof(identity->address));
	else
		inet_ntop(prefix.family, &prefix.u.prefix, identity->address,
			  sizeof(identity->address));
	return true;
}

bool mrkm_cli_member(struct vty *vty, struct mrkm_cli_identity *identity,
		     const char *fqdn, const char *email, const char *address,
		     const char *dn, const char *key_id)
{
	if (address)
		return address_or_prefix(vty, identity, address);
	return mrkm_cli_identity_or_dn(vty, identity, fqdn, email, NULL, dn,
				       key_id);
}

bool mrkm_cli_file_ok(struct vty *vty, const char *file)
{
	if (!mrkm_cli_name_ok(vty, "file name", file, MRKM_FILE_SIZE - 1))
		return false;
	if (file[0] != '/')
		vty_out(vty,
			"%% file name \"%s\" is relative: begin it with a slash\n",
			file);
	return file[0] == '/';
}

bool mrkm_cli_uri_ok(struct vty *vty, const char *uri)
{
	return mrkm_cli_name_ok(vty, "URI", uri, MRKM_URI_SIZE - 1);
}

void mrkm_cli_member_xpath(const struct mrkm_cli_identity *identity,
			   char *xpath, size_t size)
{
	snprintf(xpath, size, "./member[type='%s'][value='%s']", identity->type,
		 identity->value);
}

int mrkm_cli_destroy_credential(struct vty *vty, const char *entry,
				const char *leaf, const char *other)
{
	char xpath[XPATH_MAXLEN];
	bool last;

	snprintf(xpath, sizeof(xpath), "%s/%s/%s", VTY_CURR_XPATH, entry + 2,
		 other);
	last = !yang_dnode_exists(vty->candidate_config->dnode, xpath);
	snprintf(xpath, sizeof(xpath), "%s/%s", entry, leaf);
	return mrkm_cli_destroy(vty, last ? entry : xpath);
}

int mrkm_cli_set_psk_file(struct vty *vty, const char *entry, const char *file)
{
	char xpath[XPATH_MAXLEN];

	if (!mrkm_cli_file_ok(vty, file))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "%s/pre-shared-key-file", entry);
	nb_cli_enqueue_change(vty, xpath, NB_OP_MODIFY, file);
	return nb_cli_apply_changes(vty, NULL);
}
