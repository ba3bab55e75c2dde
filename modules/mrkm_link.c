// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What rtnetlink lists: interfaces, their link-local addresses, filters.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_gact.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "modules/mrkm_nlmsg.h"

/* not in libc's list of link types */
#ifndef ARPHRD_RAWIP
#define ARPHRD_RAWIP 519
#endif
#ifndef ARPHRD_IP6GRE
#define ARPHRD_IP6GRE 823
#endif

/* ---------------------------------------------------------------- interfaces */

struct mrkm_link *mrkm_links_by_index(const struct mrkm_links *links,
				      int ifindex)
{
	for (size_t i = 0; i < links->count; i++)
		if (links->links[i].ifindex == ifindex)
			return &links->links[i];
	return NULL;
}

const struct mrkm_link *mrkm_links_by_name(const struct mrkm_links *links,
					   const char *name)
{
	for (size_t i = 0; i < links->count; i++)
		if (strcmp(links->links[i].name, name) == 0)
			return &links->links[i];
	return NULL;
}

void mrkm_links_clear(struct mrkm_links *links)
{
	free(links->links);
	memset(links, 0, sizeof(*links));
}

static struct mrkm_link *add_link(struct mrkm_links *links)
{
	size_t room = links->room ? 2 * links->room : 16;
	struct mrkm_link *bigger;

	if (links->count == links->room) {
		bigger = realloc(links->links, room * sizeof(*bigger));
		if (!bigger)
			return NULL;
		links->links = bigger;
		links->room = room;
	}
	memset(&links->links[links->count], 0, sizeof(*links->links));
	return &links->links[links->count++];
}

/* Octets in front of the IP header on receipt; false: who knows. */
static bool mac_length(uint16_t type, uint8_t *len)
{
	switch (type) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		*len = ETH_HLEN;
		return true;
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case ARPHRD_IP6GRE:
		*len = 0;
		return true;
	default:
		return false;
	}
}

static int read_link(const struct nlmsghdr *nlh, struct mrkm_links *links)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct mrkm_link *link;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*info))
		return 0;
	link = add_link(links);
	if (!link)
		return -ENOMEM;
	link->ifindex = info->ifi_index;
	link->filterable = mac_length(info->ifi_type, &link->mac_len);
	mnl_attr_for_each(attr, nlh, sizeof(*info))
		if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			strncpy(link->name, mnl_attr_get_str(attr),
				sizeof(link->name) - 1);
	return 0;
}

static int read_address(const struct nlmsghdr *nlh, struct mrkm_links *links)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	struct mrkm_address *address;
	const struct nlattr *attr;
	struct mrkm_link *link;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*info) ||
	    info->ifa_family != AF_INET6 || info->ifa_scope != RT_SCOPE_LINK)
		return 0;
	link = mrkm_links_by_index(links, info->ifa_index);
	if (!link || link->address_count == MRKM_LINK_ADDRESSES_MAX)
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(*info)) {
		if (mnl_attr_get_type(attr) != IFA_ADDRESS ||
		    mnl_attr_get_payload_len(attr) != sizeof(*address))
			continue;
		address = &link->addresses[link->address_count++];
		memcpy(address, mnl_attr_get_payload(attr), sizeof(*address));
		break;
	}
	return 0;
}

int mrkm_link_read(const struct nlmsghdr *nlh, struct mrkm_links *links)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
		return read_link(nlh, links);
	case RTM_NEWADDR:
		return read_address(nlh, links);
	default:
		return 0;
	}
}

/* ------------------------------------------------------------------- filters */

/* Of a nest; the last one of a type counts. */
static const struct nlattr *nested(const struct nlattr *nest, uint16_t type,
				   size_t size)
{
	const struct nlattr *attr, *found = NULL;

	if (!nest)
		return NULL;
	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == type &&
		    mnl_attr_get_payload_len(attr) >= size)
			found = attr;
	return found;
}

/* Its only action. */
static const struct nlattr *action_of(const struct nlattr *options)
{
	return nested(nested(options, TCA_BPF_ACT, 0), 1, 0);
}

static bool drops(const struct nlattr *options)
{
	const struct nlattr *action =
		nested(action_of(options), TCA_ACT_OPTIONS, 0);
	const struct tc_gact *gact;
	const struct nlattr *parms;

	parms = nested(action, TCA_GACT_PARMS, sizeof(*gact));
	if (!parms)
		return false;
	gact = mnl_attr_get_payload(parms);
	return gact->action == TC_ACT_SHOT;
}

/* Packets that its action was carried out on. */
static uint32_t read_count(const struct nlattr *options)
{
	const struct nlattr *stats =
		nested(action_of(options), TCA_ACT_STATS, 0);
	struct gnet_stats_basic basic = { 0 };
	const size_t size = offsetof(struct gnet_stats_basic, packets) +
			    sizeof(basic.packets);

	stats = nested(stats, TCA_STATS_BASIC, size);
	if (stats)
		memcpy(&basic, mnl_attr_get_payload(stats), size);
	return basic.packets;
}

static void read_program(const struct nlattr *ops, struct mrkm_filter *filter)
{
	struct sock_filter program[MRKM_PROGRAM_MAX];
	size_t len = mnl_attr_get_payload_len(ops);

	if (len > sizeof(program))
		return;
	memcpy(program, mnl_attr_get_payload(ops), len);
	mrkm_filter_recognize(filter, program, len / sizeof(*program));
}

int mrkm_link_read_filter(const struct nlmsghdr *nlh, struct mrkm_image *image)
{
	const struct tcmsg *tcm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *options = NULL, *ops;
	struct mrkm_filter filter = { 0 };
	int err;

	if (nlh->nlmsg_type != RTM_NEWTFILTER ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*tcm) ||
	    tcm->tcm_handle - MRKM_IPSEC_FILTER_HANDLE >= MRKM_FILTER_KINDS ||
	    TC_H_MAJ(tcm->tcm_info) >> 16 != MRKM_IPSEC_FILTER_PREF)
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(*tcm))
		if (mnl_attr_get_type(attr) == TCA_OPTIONS)
			options = attr;
	filter.ifindex = tcm->tcm_ifindex;
	filter.kind = tcm->tcm_handle - MRKM_IPSEC_FILTER_HANDLE;
	ops = nested(options, TCA_BPF_OPS, 1);
	if (ops && drops(options))
		read_program(ops, &filter);
	filter.dropped = read_count(options);
	err = mrkm_image_add_filter(image, &filter);
	return err == -EEXIST ? 0 : err;
}
