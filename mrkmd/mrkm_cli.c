// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command line: every command writes the YANG tree, and does nothing else.
 */
#include <zebra.h>

#include "command.h"
#include "northbound_cli.h"
#include "vty.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_cli.h"
#include "mrkmd/mrkm_nb.h"

#include "mrkmd/mrkm_cli_clippy.c"

/* clang-format off */

/* -------------------------------------------------------------------- mrkm */

DEFPY_YANG_NOSH (mrkm_mrkm,
	mrkm_cmd,
	"mrkm",
	MRKM_STR)
{
	return mrkm_cli_enter(vty, MRKM_XPATH, MRKM_NODE);
}

DEFPY_YANG (no_mrkm,
	no_mrkm_cmd,
	"no mrkm",
	NO_STR
	MRKM_STR)
{
	return mrkm_cli_destroy(vty, MRKM_XPATH);
}

DEFPY_YANG (mrkm_identity,
	mrkm_identity_cmd,
	"identity <fqdn NAME$fqdn|email NAME$email|address <A.B.C.D|X:X::X:X>$address|dn NAME$dn|key-id NAME$key_id>",
	"How this router names itself\n"
	"Fully qualified domain name\n"
	"Domain name\n"
	"Mailbox\n"
	"user@domain\n"
	"Address\n"
	"IPv4 address\n"
	"IPv6 address\n"
	"Distinguished name\n"
	"O=Example,CN=r1\n"
	"Opaque name\n"
	"Name\n")
{
	struct mrkm_cli_identity identity;

	if (!mrkm_cli_identity_or_dn(vty, &identity, fqdn, email,
				     address_str ? address : NULL, dn, key_id))
		return CMD_WARNING_CONFIG_FAILED;
	return mrkm_cli_set_identity(vty, "./identity", &identity);
}

DEFPY_YANG (no_mrkm_identity,
	no_mrkm_identity_cmd,
	"no identity [<fqdn NAME|email NAME|address <A.B.C.D|X:X::X:X>|dn NAME|key-id NAME>]",
	NO_STR
	"How this router names itself\n"
	"Fully qualified domain name\n"
	"Domain name\n"
	"Mailbox\n"
	"user@domain\n"
	"Address\n"
	"IPv4 address\n"
	"IPv6 address\n"
	"Distinguished name\n"
	"O=Example,CN=r1\n"
	"Opaque name\n"
	"Name\n")
{
	return mrkm_cli_destroy(vty, "./identity");
}

DEFPY_YANG (mrkm_port,
	mrkm_port_cmd,
	"port (1-65535)$port",
	"UDP port of this router and of key servers\n"
	"Port number\n")
{
	return mrkm_cli_set(vty, "./port", port_str);
}

DEFPY_YANG (no_mrkm_port,
	no_mrkm_port_cmd,
	"no port [(1-65535)]",
	NO_STR
	"UDP port of this router and of key servers\n"
	"Port number\n")
{
	return mrkm_cli_set(vty, "./port", NULL);
}

DEFPY_YANG (mrkm_nat_traversal,
	mrkm_nat_traversal_cmd,
	"nat-traversal port (1-65535)$port",
	"Where a NAT is found on the way to a peer\n"
	"UDP port of this router and of key servers to move on to\n"
	"Port number\n")
{
	return mrkm_cli_set(vty, "./nat-traversal-port", port_str);
}

DEFPY_YANG (no_mrkm_nat_traversal,
	no_mrkm_nat_traversal_cmd,
	"no nat-traversal [port (1-65535)]",
	NO_STR
	"Where a NAT is found on the way to a peer\n"
	"UDP port of this router and of key servers to move on to\n"
	"Port number\n")
{
	return mrkm_cli_destroy(vty, "./nat-traversal-port");
}

DEFPY_YANG (mrkm_liveness_interval,
	mrkm_liveness_interval_cmd,
	"liveness-interval (2-600)$seconds",
	"Silence after which a peer is asked whether it is alive\n"
	"Seconds\n")
{
	return mrkm_cli_set(vty, "./liveness-interval", seconds_str);
}

DEFPY_YANG (no_mrkm_liveness_interval,
	no_mrkm_liveness_interval_cmd,
	"no liveness-interval [(2-600)]",
	NO_STR
	"Silence after which a peer is asked whether it is alive\n"
	"Seconds\n")
{
	return mrkm_cli_set(vty, "./liveness-interval", NULL);
}

/* ------------------------------------------------------------------- group */

DEFPY_YANG_NOSH (mrkm_group,
	mrkm_group_cmd,
	"group NAME$mrkm_group",
	"Group that this router is a member of\n"
	"Name of the group\n")
{
	char xpath[XPATH_MAXLEN];

	if (!mrkm_cli_group_ok(vty, mrkm_group))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "%s/group[name='%s']", MRKM_XPATH,
		 mrkm_group);
	return mrkm_cli_enter(vty, xpath, MRKM_GROUP_NODE);
}

DEFPY_YANG (no_mrkm_group,
	no_mrkm_group_cmd,
	"no group NAME$mrkm_group",
	NO_STR
	"Group that this router is a member of\n"
	"Name of the group\n")
{
	char xpath[XPATH_MAXLEN];

	if (!mrkm_cli_group_ok(vty, mrkm_group))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "./group[name='%s']", mrkm_group);
	return mrkm_cli_destroy(vty, xpath);
}

DEFPY_YANG (mrkm_group_id,
	mrkm_group_id_cmd,
	"id <fqdn NAME$fqdn|email NAME$email|address <A.B.C.D|X:X::X:X>$address|key-id NAME$key_id>",
	"Identity of the group, unless its name\n"
	"Fully qualified domain name\n"
	"Domain name\n"
	"Mailbox\n"
	"user@domain\n"
	"Address\n"
	"IPv4 address\n"
	"IPv6 address\n"
	"Opaque name\n"
	"Name\n")
{
	struct mrkm_cli_identity identity;

	if (!mrkm_cli_identity(vty, &identity, fqdn, email,
			       address_str ? address : NULL, key_id))
		return CMD_WARNING_CONFIG_FAILED;
	return mrkm_cli_set_identity(vty, "./id", &identity);
}

DEFPY_YANG (no_mrkm_group_id,
	no_mrkm_group_id_cmd,
	"no id [<fqdn NAME|email NAME|address <A.B.C.D|X:X::X:X>|key-id NAME>]",
	NO_STR
	"Identity of the group, unless its name\n"
	"Fully qualified domain name\n"
	"Domain name\n"
	"Mailbox\n"
	"user@domain\n"
	"Address\n"
	"IPv4 address\n"
	"IPv6 address\n"
	"Opaque name\n"
	"Name\n")
{
	return mrkm_cli_destroy(vty, "./id");
}

/* A leaf of an entry; `xpath` must live until the changes are applied. */
static void set_or_clear(struct vty *vty, char *xpath, size_t size,
			 const char *entry, const char *leaf, const char *value)
{
	snprintf(xpath, size, "%s/%s", entry, leaf);
	nb_cli_enqueue_change(vty, xpath, value ? NB_OP_MODIFY : NB_OP_DESTROY,
			      value);
}

DEFPY_YANG (mrkm_group_key_server,
	mrkm_group_key_server_cmd,
	"key-server <A.B.C.D|X:X::X:X>$server [port (1-65535)$port] [nat-traversal-port (1-65535)$nat_port] [preference (1-255)$preference] [identity <fqdn NAME$fqdn|email NAME$email|address <A.B.C.D|X:X::X:X>$address|dn NAME$dn|key-id NAME$key_id>]",
	"Key server of the group; of equal ones the first configured is tried first\n"
	"IPv4 address\n"
	"IPv6 address\n"
	"UDP port of the key server, unless this router's\n"
	"Port number\n"
	"UDP port of the key server where a NAT is found, unless this router's\n"
	"Port number\n"
	"Which one is tried before others\n"
	"Lowest is tried first; default is 128\n"
	"Identity that the key server must prove\n"
	"Fully qualified domain name\n"
	"Domain name\n"
	"Mailbox\n"
	"user@domain\n"
	"Address\n"
	"IPv4 address\n"
	"IPv6 address\n"
	"Distinguished name\n"
	"O=Example,CN=ks\n"
	"Opaque name\n"
	"Name\n")
{
	char entry[MRKM_CLI_ENTRY], container[XPATH_MAXLEN];
	char port_leaf[XPATH_MAXLEN], nat_leaf[XPATH_MAXLEN];
	char preference_leaf[XPATH_MAXLEN];
	char text[INET6_ADDRSTRLEN];
	struct mrkm_cli_identity identity;
	bool named = fqdn || email || dn || key_id || address_str;

	if (named && !mrkm_cli_identity_or_dn(vty, &identity, fqdn, email,
					      address_str ? address : NULL, dn, key_id))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(entry, sizeof(entry), "./key-server[address='%s']",
		 sockunion2str(server, text, sizeof(text)));
	snprintf(container, sizeof(container), "%s/identity", entry);
	nb_cli_enqueue_change(vty, entry, NB_OP_CREATE, NULL);
	set_or_clear(vty, port_leaf, sizeof(port_leaf), entry, "port", port_str);
	set_or_clear(vty, nat_leaf, sizeof(nat_leaf), entry,
		     "nat-traversal-port", nat_port_str);
	set_or_clear(vty, preference_leaf, sizeof(preference_leaf), entry,
		     "preference", preference_str);
	if (named)
		return mrkm_cli_set_identity(vty, container, &identity);
	return mrkm_cli_destroy(vty, container);
}

DEFPY_YANG (no_mrkm_group_key_server,
	no_mrkm_group_key_server_cmd,
	"no key-server <A.B.C.D|X:X::X:X>$server [port (1-65535)] [nat-traversal-port (1-65535)] [preference (1-255)] [identity <fqdn NAME|email NAME|address <A.B.C.D|X:X::X:X>|dn NAME|key-id NAME>]",
	NO_STR
	"Key server of the group\n"
	"IPv4 address\n"
	"IPv6 address\n"
	"UDP port of the key server\n"
	"Port number\n"
	"UDP port of the key server where a NAT is found\n"
	"Port number\n"
	"Which one is tried before others\n"
	"Lowest is tried first\n"
	"Identity that the key server must prove\n"
	"Fully qualified domain name\n"
	"Domain name\n"
	"Mailbox\n"
	"user@domain\n"
	"Address\n"
	"IPv4 address\n"
	"IPv6 address\n"
	"Distinguished name\n"
	"O=Example,CN=ks\n"
	"Opaque name\n"
	"Name\n")
{
	char xpath[XPATH_MAXLEN], text[INET6_ADDRSTRLEN];

	snprintf(xpath, sizeof(xpath), "./key-server[address='%s']",
		 sockunion2str(server, text, sizeof(text)));
	return mrkm_cli_destroy(vty, xpath);
}

DEFPY_YANG (mrkm_group_psk_file,
	mrkm_group_psk_file_cmd,
	"pre-shared-key file FILE$file",
	"Key shared with the key servers\n"
	"Key in a file that nobody else can read\n"
	"Absolute name of the file\n")
{
	return mrkm_cli_set_psk_file(vty, ".", file);
}

DEFPY_YANG (no_mrkm_group_psk_file,
	no_mrkm_group_psk_file_cmd,
	"no pre-shared-key [file FILE]",
	NO_STR
	"Key shared with the key servers\n"
	"Key in a file that nobody else can read\n"
	"Absolute name of the file\n")
{
	return mrkm_cli_destroy(vty, "./pre-shared-key-file");
}

DEFPY_YANG (mrkm_group_protocol,
	mrkm_group_protocol_cmd,
	"protocol PROTOCOL$mrkm_protocol key-chain NAME$key_chain",
	"Protocol that keys are for\n"
	"Name of the protocol\n"
	"Key chain that the keys are put into\n"
	"Name of the key chain\n")
{
	char xpath[XPATH_MAXLEN];

	if (!mrkm_cli_name_ok(vty, "protocol", mrkm_protocol, MRKM_NAME_SIZE - 1) ||
	    !mrkm_cli_name_ok(vty, "key chain", key_chain, MRKM_NAME_SIZE - 1))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "./protocol[name='%s']/key-chain",
		 mrkm_protocol);
	return mrkm_cli_set(vty, xpath, key_chain);
}

DEFPY_YANG (no_mrkm_group_protocol,
	no_mrkm_group_protocol_cmd,
	"no protocol PROTOCOL$mrkm_protocol [key-chain NAME]",
	NO_STR
	"Protocol that keys are for\n"
	"Name of the protocol\n"
	"Key chain that the keys are put into\n"
	"Name of the key chain\n")
{
	char xpath[XPATH_MAXLEN];

	if (!mrkm_cli_name_ok(vty, "protocol", mrkm_protocol, MRKM_NAME_SIZE - 1))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "./protocol[name='%s']", mrkm_protocol);
	return mrkm_cli_destroy(vty, xpath);
}

/* -------------------------------------------------------------- operations */

static int group_rpc(struct vty *vty, const char *xpath, const char *name)
{
	if (!mrkm_cli_group_ok(vty, name))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_rpc_enqueue(vty, "group", name);
	return mrkm_cli_rpc(vty, xpath);
}

DEFPY_YANG (mrkm_rekey,
	mrkm_rekey_cmd,
	"mrkm rekey group NAME$mrkm_ks_group",
	MRKM_STR
	"Replace keys now\n"
	"Group that this router is the key server of\n"
	"Name of the group\n")
{
	return group_rpc(vty, "/frr-mrkmd:rekey", mrkm_ks_group);
}

DEFPY_YANG (clear_mrkm_group,
	clear_mrkm_group_cmd,
	"clear mrkm group NAME$mrkm_group",
	CLEAR_STR
	MRKM_STR
	"Register anew in a group; its keys live on meanwhile\n"
	"Name of the group\n")
{
	return group_rpc(vty, "/frr-mrkmd:re-register", mrkm_group);
}

/* clang-format on */

/* ------------------------------------------------------------------- nodes */

static int config_write_mrkm(struct vty *vty)
{
	const struct lyd_node *tree =
		yang_dnode_get(running_config->dnode, MRKM_XPATH);

	if (tree)
		nb_cli_show_dnode_cmds(vty, tree, false);
	return tree != NULL;
}

static struct cmd_node mrkm_node = {
	.name = "mrkm",
	.node = MRKM_NODE,
	.parent_node = CONFIG_NODE,
	.prompt = "%s(config-mrkm)# ",
	.config_write = config_write_mrkm,
};

static struct cmd_node mrkm_group_node = {
	.name = "mrkm group",
	.node = MRKM_GROUP_NODE,
	.parent_node = MRKM_NODE,
	.prompt = "%s(config-mrkm-group)# ",
};

static const struct cmd_variable_handler completions[] = {
	{ .varname = "mrkm_group", .xpath = MRKM_XPATH "/group/name" },
	{ .varname = "mrkm_ks_group",
	  .xpath = MRKM_XPATH "/key-server/group/name" },
	{},
};

void mrkm_cli_init(void)
{
	cmd_variable_handler_register(completions);
	install_node(&mrkm_node);
	install_node(&mrkm_group_node);
	install_default(MRKM_NODE);
	install_default(MRKM_GROUP_NODE);

	install_element(CONFIG_NODE, &mrkm_cmd);
	install_element(CONFIG_NODE, &no_mrkm_cmd);

	install_element(MRKM_NODE, &mrkm_identity_cmd);
	install_element(MRKM_NODE, &no_mrkm_identity_cmd);
	install_element(MRKM_NODE, &mrkm_port_cmd);
	install_element(MRKM_NODE, &no_mrkm_port_cmd);
	install_element(MRKM_NODE, &mrkm_nat_traversal_cmd);
	install_element(MRKM_NODE, &no_mrkm_nat_traversal_cmd);
	install_element(MRKM_NODE, &mrkm_liveness_interval_cmd);
	install_element(MRKM_NODE, &no_mrkm_liveness_interval_cmd);
	install_element(MRKM_NODE, &mrkm_group_cmd);
	install_element(MRKM_NODE, &no_mrkm_group_cmd);

	install_element(MRKM_GROUP_NODE, &mrkm_group_id_cmd);
	install_element(MRKM_GROUP_NODE, &no_mrkm_group_id_cmd);
	install_element(MRKM_GROUP_NODE, &mrkm_group_key_server_cmd);
	install_element(MRKM_GROUP_NODE, &no_mrkm_group_key_server_cmd);
	install_element(MRKM_GROUP_NODE, &mrkm_group_psk_file_cmd);
	install_element(MRKM_GROUP_NODE, &no_mrkm_group_psk_file_cmd);
	install_element(MRKM_GROUP_NODE, &mrkm_group_protocol_cmd);
	install_element(MRKM_GROUP_NODE, &no_mrkm_group_protocol_cmd);

	install_element(ENABLE_NODE, &mrkm_rekey_cmd);
	install_element(ENABLE_NODE, &clear_mrkm_group_cmd);

	mrkm_cli_ks_init();
	mrkm_cli_protocol_init();
	mrkm_cli_rekey_init();
	mrkm_cli_auth_init();
	mrkm_cli_keep_init();
	install_element(MRKM_KS_GROUP_NODE, &mrkm_group_id_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_group_id_cmd);

	mrkm_show_init();
}
