// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink messages, written into one buffer and read from it.  No socket: that
 * is mrkm_netlink.c, or a test.
 */
#ifndef MRKM_NLMSG_H
#define MRKM_NLMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/mrkm_ipsec.h"

struct nlmsghdr;

/* Octets that one message never exceeds. */
#define MRKM_NLMSG_MAX 4096

/* Of a message whose failure does not matter. */
#define MRKM_SEQUENCE_NONE 0

/* Messages one behind the other, as sendmsg() takes them. */
struct mrkm_batch {
	uint8_t *octets;
	size_t len, room;
	size_t count; /* of messages */
};

/* A new message at the end of the batch; NULL: out of memory. */
struct nlmsghdr *mrkm_batch_begin(struct mrkm_batch *batch, uint16_t type,
				  uint16_t flags, uint32_t sequence);
void mrkm_batch_end(struct mrkm_batch *batch, const struct nlmsghdr *nlh);

/* Wipes and frees. */
void mrkm_batch_clear(struct mrkm_batch *batch);

/* ------------------------------------------------- mrkm_xfrm.c: SAs and SPs */

/*
 * Adds what carries out an operation on an SA or SP; its answers bear
 * `sequence`.  0, -ENOMEM, or -EINVAL: a suite that the kernel has no name for.
 */
int mrkm_xfrm_put(struct mrkm_batch *batch, const struct mrkm_op *op,
		  uint32_t sequence);

/* Requests for a list of all there is. */
int mrkm_xfrm_put_dump_sas(struct mrkm_batch *batch, uint32_t sequence);
int mrkm_xfrm_put_dump_sps(struct mrkm_batch *batch, uint32_t sequence);

/*
 * One message of such a list, or of XFRM's notifications that has the same
 * form: adds the object to the image if it is ours.  0, or -ENOMEM.
 */
int mrkm_xfrm_read(const struct nlmsghdr *nlh, struct mrkm_image *image);

/* The kernel wants an SA of ours for a destination that has none yet. */
struct mrkm_acquire {
	int ifindex;
	uint8_t family;
	uint32_t reqid;
	struct mrkm_address destination;
	uint32_t id; /* for struct mrkm_sa's `acquire` */
};

/* False: the message is something else, or not about us. */
bool mrkm_xfrm_read_acquire(const struct nlmsghdr *nlh,
			    struct mrkm_acquire *acquire);

/* ------------------------------------------------------ mrkm_tc.c: filters */

/* As mrkm_xfrm_put(), of operations on filters. */
int mrkm_tc_put(struct mrkm_batch *batch, const struct mrkm_op *op,
		uint32_t sequence);

int mrkm_tc_put_dump_links(struct mrkm_batch *batch, uint32_t sequence);
int mrkm_tc_put_dump_addresses(struct mrkm_batch *batch, uint32_t sequence);
int mrkm_tc_put_dump_filters(struct mrkm_batch *batch, int ifindex,
			     uint32_t sequence);

/*
 * The filter's program (classic BPF): true of a packet that is to be dropped.
 * At most MRKM_PROGRAM_MAX instructions; returns how many.
 */
#define MRKM_PROGRAM_MAX 256
struct sock_filter;
size_t mrkm_filter_program(const struct mrkm_filter *filter,
			   struct sock_filter *program);

/*
 * What a program was made for, which it tells by itself: it is one of a few.
 * Interface and kind are given.  False: it is not one of ours.
 */
bool mrkm_filter_recognize(struct mrkm_filter *filter,
			   const struct sock_filter *program, size_t count);

/* ------------------------------------------------- mrkm_link.c: interfaces */

/* An interface, as far as it concerns us. */
struct mrkm_link {
	int ifindex;
	char name[IFNAMSIZ];
	bool filterable; /* mac_len is known */
	uint8_t mac_len;
	uint8_t address_count; /* IPv6 link-local addresses */
	struct mrkm_address addresses[MRKM_LINK_ADDRESSES_MAX];
};

struct mrkm_links {
	struct mrkm_link *links;
	size_t count, room;
};

/* NULL: there is none. */
const struct mrkm_link *mrkm_links_by_name(const struct mrkm_links *links,
					   const char *name);
struct mrkm_link *mrkm_links_by_index(const struct mrkm_links *links,
				      int ifindex);
void mrkm_links_clear(struct mrkm_links *links);

/*
 * One message of the lists of links, of addresses (after the links), and of
 * filters.  0, or -ENOMEM.
 */
int mrkm_link_read(const struct nlmsghdr *nlh, struct mrkm_links *links);
int mrkm_link_read_filter(const struct nlmsghdr *nlh, struct mrkm_image *image);

#endif /* MRKM_NLMSG_H */
