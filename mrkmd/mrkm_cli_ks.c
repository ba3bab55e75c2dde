// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command line of the key server.  It too only writes the YANG tree.
 */
#include <zebra.h>

#include "command.h"
#include "northbound_cli.h"
#include "sockunion.h"
#include "vty.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_cli.h"

#include "mrkmd/mrkm_cli_ks_clippy.c"

/* clang-format off */

DEFPY_YANG_NOSH (mrkm_ks,
	mrkm_ks_cmd,
	"key-server",
	"This router as key server\n")
{
	/* Also typed in a group, which it leaves: the group's own command of
	 * that name would otherwise hide it.
	 */
	bool leave = vty->node == MRKM_GROUP_NODE;
	int ret;

	vty->xpath_index -= leave;
	ret = mrkm_cli_enter(vty, MRKM_XPATH "/key-server", MRKM_KS_NODE);
	if (ret != CMD_SUCCESS)
		vty->xpath_index += leave;
	return ret;
}

DEFPY_YANG (no_mrkm_ks,
	no_mrkm_ks_cmd,
	"no key-server",
	NO_STR
	"This router as key server\n")
{
	return mrkm_cli_destroy(vty, "./key-server");
}

DEFPY_YANG (mrkm_ks_listen,
	mrkm_ks_listen_cmd,
	"[no] listen <A.B.C.D|X:X::X:X>$address",
	NO_STR
	"Address that members may register at, instead of all\n"
	"IPv4 address\n"
	"IPv6 address\n")
{
	char xpath[XPATH_MAXLEN], text[INET6_ADDRSTRLEN];

	snprintf(xpath, sizeof(xpath), "./listen[.='%s']",
		 sockunion2str(address, text, sizeof(text)));
	nb_cli_enqueue_change(vty, xpath, no ? NB_OP_DESTROY : NB_OP_CREATE,
			      NULL);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (mrkm_ks_state_file,
	mrkm_ks_state_file_cmd,
	"state-file <none$file|FILE$file>",
	"Where keys and members are kept, so that a restart forgets nothing\n"
	"Nowhere: after a restart every member registers again\n"
	"Name of the file\n")
{
	if (strcmp(file, "none") && !mrkm_cli_file_ok(vty, file))
		return CMD_WARNING_CONFIG_FAILED;
	return mrkm_cli_set(vty, "./state-file", file);
}

DEFPY_YANG (no_mrkm_ks_state_file,
	no_mrkm_ks_state_file_cmd,
	"no state-file [<none|FILE>]",
	NO_STR
	"Where keys and members are kept, so that a restart forgets nothing\n"
	"Nowhere: after a restart every member registers again\n"
	"Name of the file\n")
{
	return mrkm_cli_destroy(vty, "./state-file");
}

DEFPY_YANG (mrkm_ks_state_key,
	mrkm_ks_state_key_cmd,
	"state-key KEY$key",
	"What the state is sealed under\n"
	"Name of a file, made when it is missing, or URI of an Ed25519 private key\n")
{
	if (!mrkm_cli_uri_ok(vty, key))
		return CMD_WARNING_CONFIG_FAILED;
	return mrkm_cli_set(vty, "./state-key", key);
}

DEFPY_YANG (no_mrkm_ks_state_key,
	no_mrkm_ks_state_key_cmd,
	"no state-key [KEY]",
	NO_STR
	"What the state is sealed under\n"
	"Name of a file, made when it is missing, or URI of an Ed25519 private key\n")
{
	return mrkm_cli_destroy(vty, "./state-key");
}

DEFPY_YANG (mrkm_ks_half_open_limit,
	mrkm_ks_half_open_limit_cmd,
	"half-open-limit (1-65536)$limit",
	"Unauthenticated registrations that may be under way at once\n"
	"Number of registrations\n")
{
	return mrkm_cli_set(vty, "./half-open-limit", limit_str);
}

DEFPY_YANG (no_mrkm_ks_half_open_limit,
	no_mrkm_ks_half_open_limit_cmd,
	"no half-open-limit [(1-65536)]",
	NO_STR
	"Unauthenticated registrations that may be under way at once\n"
	"Number of registrations\n")
{
	return mrkm_cli_set(vty, "./half-open-limit", NULL);
}

DEFPY_YANG_NOSH (mrkm_ks_group,
	mrkm_ks_group_cmd,
	"group NAME$mrkm_ks_group",
	"Group that this router is the key server of\n"
	"Name of the group\n")
{
	char xpath[XPATH_MAXLEN];

	if (!mrkm_cli_group_ok(vty, mrkm_ks_group))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "%s/key-server/group[name='%s']",
		 MRKM_XPATH, mrkm_ks_group);
	return mrkm_cli_enter(vty, xpath, MRKM_KS_GROUP_NODE);
}

DEFPY_YANG (no_mrkm_ks_group,
	no_mrkm_ks_group_cmd,
	"no group NAME$mrkm_ks_group",
	NO_STR
	"Group that this router is the key server of\n"
	"Name of the group\n")
{
	char xpath[XPATH_MAXLEN];

	if (!mrkm_cli_group_ok(vty, mrkm_ks_group))
		return CMD_WARNING_CONFIG_FAILED;
	snprintf(xpath, sizeof(xpath), "./group[name='%s']", mrkm_ks_group);
	return mrkm_cli_destroy(vty, xpath);
}

DEFPY_YANG (mrkm_ks_member,
	mrkm_ks_member_cmd,
	"member <fqdn NAME$fqdn|email NAME$email|address <A.B.C.D|X:X::X:X|A.B.C.D/M|X:X::X:X/M>$address|dn NAME$dn|key-id NAME$key_id> pre-shared-key file FILE$file",
	"Router that may join the group\n"
	"Fully qualified domain name\n"
	"Domain name, or *.domain\n"
	"Mailbox\n"
	"user@domain, or *@domain\n"
	"Address\n"
	"IPv4 address\n"
	"IPv6 address\n"
	"IPv4 prefix\n"
	"IPv6 prefix\n"
	"Distinguished name\n"
	"O=Example,CN=r1; an asterisk stands for anything\n"
	"Opaque name\n"
	"Name\n"
	"Key shared with this member\n"
	"Key in a file that nobody else can read\n"
	"Absolute name of the file\n")
{
	char entry[MRKM_CLI_ENTRY];
	struct mrkm_cli_identity identity;

	if (!mrkm_cli_member(vty, &identity, fqdn, email, address, dn, key_id))
		return CMD_WARNING_CONFIG_FAILED;
	mrkm_cli_member_xpath(&identity, entry, sizeof(entry));
	return mrkm_cli_set_psk_file(vty, entry, file);
}

DEFPY_YANG (no_mrkm_ks_member,
	no_mrkm_ks_member_cmd,
	"no member <fqdn NAME$fqdn|email NAME$email|address <A.B.C.D|X:X::X:X|A.B.C.D/M|X:X::X:X/M>$address|dn NAME$dn|key-id NAME$key_id> [pre-shared-key$psk file FILE]",
	NO_STR
	"Router that may join the group\n"
	"Fully qualified domain name\n"
	"Domain name, or *.domain\n"
	"Mailbox\n"
	"user@domain, or *@domain\n"
	"Address\n"
	"IPv4 address\n"
	"IPv6 address\n"
	"IPv4 prefix\n"
	"IPv6 prefix\n"
	"Distinguished name\n"
	"O=Example,CN=r1; an asterisk stands for anything\n"
	"Opaque name\n"
	"Name\n"
	"Key shared with this member\n"
	"Key in a file that nobody else can read\n"
	"Absolute name of the file\n")
{
	char entry[MRKM_CLI_ENTRY];
	struct mrkm_cli_identity identity;

	if (!mrkm_cli_member(vty, &identity, fqdn, email, address, dn, key_id))
		return CMD_WARNING_CONFIG_FAILED;
	mrkm_cli_member_xpath(&identity, entry, sizeof(entry));
	if (psk)
		return mrkm_cli_destroy_credential(vty, entry, "pre-shared-key-file",
						   "certificate");
	return mrkm_cli_destroy(vty, entry);
}

DEFPY_YANG (mrkm_ks_delay,
	mrkm_ks_delay_cmd,
	"<activation-delay|deactivation-delay>$which (0-65535)$seconds",
	"Time from a key's receipt to its use for sending\n"
	"Time from a key's receipt to the end of its predecessor\n"
	"Seconds\n")
{
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), "./%s", which);
	return mrkm_cli_set(vty, xpath, seconds_str);
}

DEFPY_YANG (no_mrkm_ks_delay,
	no_mrkm_ks_delay_cmd,
	"no <activation-delay|deactivation-delay>$which [(0-65535)]",
	NO_STR
	"Time from a key's receipt to its use for sending\n"
	"Time from a key's receipt to the end of its predecessor\n"
	"Seconds\n")
{
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), "./%s", which);
	return mrkm_cli_set(vty, xpath, NULL);
}

/* clang-format on */

/* ------------------------------------------------------------------- nodes */

static struct cmd_node mrkm_ks_node = {
	.name = "mrkm key server",
	.node = MRKM_KS_NODE,
	.parent_node = MRKM_NODE,
	.prompt = "%s(config-mrkm-ks)# ",
};

static struct cmd_node mrkm_ks_group_node = {
	.name = "mrkm key server group",
	.node = MRKM_KS_GROUP_NODE,
	.parent_node = MRKM_KS_NODE,
	.prompt = "%s(config-mrkm-ks-group)# ",
};

void mrkm_cli_ks_init(void)
{
	install_node(&mrkm_ks_node);
	install_node(&mrkm_ks_group_node);
	install_default(MRKM_KS_NODE);
	install_default(MRKM_KS_GROUP_NODE);

	install_element(MRKM_NODE, &mrkm_ks_cmd);
	install_element(MRKM_NODE, &no_mrkm_ks_cmd);
	install_element(MRKM_GROUP_NODE, &mrkm_ks_cmd);

	install_element(MRKM_KS_NODE, &mrkm_ks_listen_cmd);
	install_element(MRKM_KS_NODE, &mrkm_ks_state_file_cmd);
	install_element(MRKM_KS_NODE, &no_mrkm_ks_state_file_cmd);
	install_element(MRKM_KS_NODE, &mrkm_ks_state_key_cmd);
	install_element(MRKM_KS_NODE, &no_mrkm_ks_state_key_cmd);
	install_element(MRKM_KS_NODE, &mrkm_ks_half_open_limit_cmd);
	install_element(MRKM_KS_NODE, &no_mrkm_ks_half_open_limit_cmd);
	install_element(MRKM_KS_NODE, &mrkm_ks_group_cmd);
	install_element(MRKM_KS_NODE, &no_mrkm_ks_group_cmd);

	install_element(MRKM_KS_GROUP_NODE, &mrkm_ks_member_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_ks_member_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_ks_delay_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_ks_delay_cmd);
}
