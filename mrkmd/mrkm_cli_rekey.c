// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command line of rekeying: by multicast or one by one, and who is excluded.
 */
#include <zebra.h>

#include "command.h"
#include "northbound_cli.h"
#include "sockunion.h"
#include "vty.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_cli.h"

#include "mrkmd/mrkm_cli_rekey_clippy.c"

#define REKEY_STR "How members are told of new keys\n"

/* A leaf of the container multicast; without a value it is taken out. */
static void set_leaf(struct vty *vty, const char *leaf, const char *value)
{
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), "./rekey/multicast/%s", leaf);
	nb_cli_enqueue_change(vty, xpath, value ? NB_OP_MODIFY : NB_OP_DESTROY,
			      value);
}

/* clang-format off */

DEFPY_YANG (mrkm_rekey_multicast,
	mrkm_rekey_multicast_cmd,
	"rekey multicast <A.B.C.D|X:X::X:X>$address [{port (1-65535)$port|source <A.B.C.D|X:X::X:X>$source|ttl (1-255)$ttl|interface IFNAME$interface}]",
	REKEY_STR
	"All at once, by multicast\n"
	"Multicast address\n"
	"Multicast address\n"
	"UDP port, unless it is this router's own\n"
	"Port number\n"
	"Address of this router that the messages come from\n"
	"IPv4 address\n"
	"IPv6 address\n"
	"Hops that they may take\n"
	"Number of hops\n"
	"Interface that they leave by\n"
	IFNAME_STR)
{
	/* values are read when the changes are applied, and not before */
	char text[INET6_ADDRSTRLEN], source_text[INET6_ADDRSTRLEN];

	if (interface && !mrkm_cli_name_ok(vty, "interface", interface, IFNAMSIZ - 1))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, "./rekey/multicast", NB_OP_CREATE, NULL);
	set_leaf(vty, "address", sockunion2str(address, text, sizeof(text)));
	set_leaf(vty, "port", port_str);
	set_leaf(vty, "source", source_str ? sockunion2str(source, source_text, sizeof(source_text)) : NULL);
	nb_cli_enqueue_change(vty, "./rekey/multicast/ttl", NB_OP_MODIFY, ttl_str);
	set_leaf(vty, "interface", interface);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (no_mrkm_rekey_multicast,
	no_mrkm_rekey_multicast_cmd,
	"no rekey multicast [<A.B.C.D|X:X::X:X> [{port (1-65535)|source <A.B.C.D|X:X::X:X>|ttl (1-255)|interface IFNAME}]]",
	NO_STR
	REKEY_STR
	"All at once, by multicast\n"
	"Multicast address\n"
	"Multicast address\n"
	"UDP port, unless it is this router's own\n"
	"Port number\n"
	"Address of this router that the messages come from\n"
	"IPv4 address\n"
	"IPv6 address\n"
	"Hops that they may take\n"
	"Number of hops\n"
	"Interface that they leave by\n"
	IFNAME_STR)
{
	return mrkm_cli_destroy(vty, "./rekey/multicast");
}

DEFPY_YANG (mrkm_rekey_inband,
	mrkm_rekey_inband_cmd,
	"rekey inband",
	REKEY_STR
	"One by one, over the SA of each; this is the default\n")
{
	return mrkm_cli_destroy(vty, "./rekey/multicast");
}

DEFPY_YANG (mrkm_rekey_lifetime,
	mrkm_rekey_lifetime_cmd,
	"rekey lifetime (60-31536000)$lifetime",
	REKEY_STR
	"Life of a Rekey SA\n"
	"Seconds\n")
{
	return mrkm_cli_set(vty, "./rekey/lifetime", lifetime_str);
}

DEFPY_YANG (no_mrkm_rekey_lifetime,
	no_mrkm_rekey_lifetime_cmd,
	"no rekey lifetime [(60-31536000)]",
	NO_STR
	REKEY_STR
	"Life of a Rekey SA\n"
	"Seconds\n")
{
	return mrkm_cli_set(vty, "./rekey/lifetime", NULL);
}

DEFPY_YANG (mrkm_rekey_copies,
	mrkm_rekey_copies_cmd,
	"rekey copies (1-10)$copies",
	REKEY_STR
	"How often each message is sent\n"
	"Number of copies\n")
{
	return mrkm_cli_set(vty, "./rekey/copies", copies_str);
}

DEFPY_YANG (no_mrkm_rekey_copies,
	no_mrkm_rekey_copies_cmd,
	"no rekey copies [(1-10)]",
	NO_STR
	REKEY_STR
	"How often each message is sent\n"
	"Number of copies\n")
{
	return mrkm_cli_set(vty, "./rekey/copies", NULL);
}

DEFPY_YANG (mrkm_rekey_wait,
	mrkm_rekey_wait_cmd,
	"rekey wait (0-3600)$wait",
	REKEY_STR
	"How long a roll waits for members that do not acknowledge it\n"
	"Seconds; 0: not at all\n")
{
	return mrkm_cli_set(vty, "./rekey/wait", wait_str);
}

DEFPY_YANG (no_mrkm_rekey_wait,
	no_mrkm_rekey_wait_cmd,
	"no rekey wait [(0-3600)]",
	NO_STR
	REKEY_STR
	"How long a roll waits for members that do not acknowledge it\n"
	"Seconds; 0: not at all\n")
{
	return mrkm_cli_set(vty, "./rekey/wait", NULL);
}

DEFPY_YANG (mrkm_rekey_lkh,
	mrkm_rekey_lkh_cmd,
	"rekey lkh degree (2-4)$degree",
	REKEY_STR
	"Tree of key encryption keys\n"
	"Children of a node of it\n"
	"Number of children\n")
{
	return mrkm_cli_set(vty, "./rekey/lkh-degree", degree_str);
}

DEFPY_YANG (no_mrkm_rekey_lkh,
	no_mrkm_rekey_lkh_cmd,
	"no rekey lkh degree [(2-4)]",
	NO_STR
	REKEY_STR
	"Tree of key encryption keys\n"
	"Children of a node of it\n"
	"Number of children\n")
{
	return mrkm_cli_set(vty, "./rekey/lkh-degree", NULL);
}

DEFPY_YANG (mrkm_rekey_signature,
	mrkm_rekey_signature_cmd,
	"rekey authentication signature URI$uri",
	REKEY_STR
	"How members know that a message is the key server's\n"
	"Digital signature\n"
	"Private key: a file, or what a provider of OpenSSL understands\n")
{
	if (!mrkm_cli_uri_ok(vty, uri))
		return CMD_WARNING_CONFIG_FAILED;
	return mrkm_cli_set(vty, "./rekey/signature-key", uri);
}

DEFPY_YANG (mrkm_rekey_implicit,
	mrkm_rekey_implicit_cmd,
	"rekey authentication implicit",
	REKEY_STR
	"How members know that a message is the key server's\n"
	"They do not: whoever is in the group could have sent it\n")
{
	nb_cli_enqueue_change(vty, "./rekey/implicit", NB_OP_CREATE, NULL);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (no_mrkm_rekey_authentication,
	no_mrkm_rekey_authentication_cmd,
	"no rekey authentication [<signature URI|implicit>]",
	NO_STR
	REKEY_STR
	"How members know that a message is the key server's\n"
	"Digital signature\n"
	"Private key: a file, or what a provider of OpenSSL understands\n"
	"They do not: whoever is in the group could have sent it\n")
{
	nb_cli_enqueue_change(vty, "./rekey/signature-key", NB_OP_DESTROY, NULL);
	nb_cli_enqueue_change(vty, "./rekey/implicit", NB_OP_DESTROY, NULL);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (mrkm_group_multicast,
	mrkm_group_multicast_cmd,
	"multicast interface IFNAME$interface",
	"Multicast of the key server\n"
	"Interface that it comes in by\n"
	IFNAME_STR)
{
	if (!mrkm_cli_name_ok(vty, "interface", interface, IFNAMSIZ - 1))
		return CMD_WARNING_CONFIG_FAILED;
	return mrkm_cli_set(vty, "./multicast-interface", interface);
}

DEFPY_YANG (no_mrkm_group_multicast,
	no_mrkm_group_multicast_cmd,
	"no multicast interface [IFNAME]",
	NO_STR
	"Multicast of the key server\n"
	"Interface that it comes in by\n"
	IFNAME_STR)
{
	return mrkm_cli_destroy(vty, "./multicast-interface");
}

/* -------------------------------------------------------------- operations */

DEFPY_YANG (mrkm_exclude,
	mrkm_exclude_cmd,
	"mrkm <exclude|readmit>$what group NAME$mrkm_ks_group member <fqdn NAME$fqdn|email NAME$email|address <A.B.C.D|X:X::X:X>$address|dn NAME$dn|key-id NAME$key_id>",
	MRKM_STR
	"Shut a member out, until it is readmitted\n"
	"Let an excluded member register again\n"
	"Group that this router is the key server of\n"
	"Name of the group\n"
	"Member of the group\n"
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
	bool exclude = !strcmp(what, "exclude");

	if (!mrkm_cli_group_ok(vty, mrkm_ks_group) ||
	    !mrkm_cli_identity_or_dn(vty, &identity, fqdn, email,
				     address_str ? address : NULL, dn, key_id))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_rpc_enqueue(vty, "group", mrkm_ks_group);
	nb_cli_rpc_enqueue(vty, "type", identity.type);
	nb_cli_rpc_enqueue(vty, "value", identity.value);
	return mrkm_cli_rpc(vty, exclude ? "/frr-mrkmd:exclude" : "/frr-mrkmd:readmit");
}

/* clang-format on */

void mrkm_cli_rekey_init(void)
{
	install_element(MRKM_KS_GROUP_NODE, &mrkm_rekey_multicast_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_rekey_multicast_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_rekey_inband_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_rekey_lifetime_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_rekey_lifetime_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_rekey_copies_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_rekey_copies_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_rekey_wait_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_rekey_wait_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_rekey_lkh_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_rekey_lkh_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_rekey_signature_cmd);
	install_element(MRKM_KS_GROUP_NODE, &mrkm_rekey_implicit_cmd);
	install_element(MRKM_KS_GROUP_NODE, &no_mrkm_rekey_authentication_cmd);

	install_element(MRKM_GROUP_NODE, &mrkm_group_multicast_cmd);
	install_element(MRKM_GROUP_NODE, &no_mrkm_group_multicast_cmd);

	install_element(ENABLE_NODE, &mrkm_exclude_cmd);
}
