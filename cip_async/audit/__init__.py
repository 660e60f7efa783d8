"""The auditor: is every change of a registry one that the promoter manifests want?"""
