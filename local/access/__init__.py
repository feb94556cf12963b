"""IAM on the laptop: who calls, what the call needs, and whether the caller's policies allow it.

Every process that stands for a function, a task or a job has temporary credentials of its role
(`sessions`). A request is named as AWS names it (`calls`, `s3_calls`), a table tells which actions
on which resources it needs (`operations`), the role's policies decide (`authority`, by ministack's
policy engine), and what was decided is kept (`record`) for the check of the roles (`review`). The
person's own credentials may do everything.
"""
