"""The laptop cloud: the AWS services that `template.yaml` uses, on 127.0.0.1.

ministack answers most of them; the modules here add what it lacks. Nothing in this package is
imported by code that runs on AWS.
"""
